"""`/admin/republish`: the plans and runs, and the form that makes a plan."""

from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web
from pydantic import ValidationError

from faust_app.core.messages.field_errors import problems
from faust_app.core.republish.run import DEFAULT_RATE, Draft
from faust_app.core.republish.selection import Override, SelectedState, Selection
from faust_app.flows.ports.republish import RepublishRuns
from faust_app.flows.republish.control import Refused, RepublishControl
from faust_app.web.admin.forms import form_of, number_of, refuse_unknown, see_other
from faust_app.web.admin.frame import Frame
from faust_app.web.auth.tokens import actor_of
from faust_app.web.problems import Problem

PATH: Final = "/admin/republish"
Errors = Sequence[tuple[str, str]]
_PAGE: Final = 50
_FIELDS: Final = (
    "shops",
    "state",
    "codes",
    "hosts",
    "cause",
    "judged_by",
    "since",
    "until",
    "product_id",
    "images",
    "good",
    "override",
    "rate",
    "reason",
)
_CHARACTERS: Final = 2000


class RepublishPages:
    """Serves the list with its form."""

    def __init__(self, frame: Frame, control: RepublishControl, runs: RepublishRuns) -> None:
        self._frame = frame
        self._control = control
        self._runs = runs

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get(PATH, self.list_runs)
        router.add_post(PATH, self.plan)

    async def list_runs(self, request: web.Request) -> web.Response:
        """Show the runs, newest first, and the form of a plan, filled in as the address says."""
        refuse_unknown(request, "before", *_FIELDS)
        return await self._form(request, {name: request.query.get(name, "")[:_CHARACTERS] for name in _FIELDS})

    async def plan(self, request: web.Request) -> web.Response:
        """Make a plan, and show it; what is wrong is said beside the form, which keeps what was typed."""
        form = await form_of(request, *_FIELDS)
        try:
            draft = draft_of(form)
        except ValidationError as error:
            return await self._form(request, form, problems(error))
        except ValueError as error:
            field, _, reason = str(error).partition(": ")
            return await self._form(request, form, [(field, reason)])
        made = await self._control.plan(draft, actor_of(request))
        if isinstance(made, Refused):
            return await self._form(request, form, [("reason" if "reason" in made.reason else "rate", made.reason)])
        return see_other(f"{PATH}/{made.run.number}")

    async def _form(self, request: web.Request, form: dict[str, str], errors: Errors = ()) -> web.Response:
        before = number_of(request.query.get("before"), "before")
        runs = await self._runs.newest(before, _PAGE)
        older = f"{PATH}?before={runs[-1].number}" if len(runs) == _PAGE else None
        fields = {field.rpartition(".")[2].split(".")[0]: reason for field, reason in errors}
        return self._frame.page(
            request, "admin/republish.html", status=400 if errors else 200, runs=runs, older=older, before=before, newest=PATH, form=form,
            errors=errors, fields=fields, states=list(SelectedState), overrides=list(Override), default_rate=DEFAULT_RATE,
            filled=any(form.values()),
        )  # fmt: skip


def draft_of(form: dict[str, str]) -> Draft:
    """Return what a form asks for. Raises ValidationError and ValueError, whose text begins with the field."""
    values: dict[str, Any] = {
        "shops": [_whole(part, "shops") for part in _parts(form["shops"])],
        "codes": _parts(form["codes"]),
        "hosts": _parts(form["hosts"]),
        "images": [_image(part) for part in _parts(form["images"])],
        "include_good": form["good"] == "yes",
        "overrides": _parts(form["override"]),
    }
    if form["state"]:
        values["states"] = _parts(form["state"])
    for name in ("cause", "judged_by", "product_id"):
        if form[name].strip():
            values[name] = form[name].strip()
    for name in ("since", "until"):
        if form[name].strip():
            values[name] = f"{form[name].strip()}Z" if not form[name].strip().endswith("Z") else form[name].strip()
    return Draft(Selection.model_validate(values), rate_of(form["rate"]), form["reason"].strip()[:500] or None)


def _parts(text: str) -> list[str]:
    return [part for part in text.replace(",", " ").split() if part]


def _whole(text: str, field: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 16):  # noqa: PLR2004 - digits of 2^53
        raise ValueError(f"{field}: must be numbers")
    return int(text)


def _image(text: str) -> dict[str, object]:
    shop, separator, image_id = text.partition(":")
    if not separator or not image_id:
        raise ValueError("images: must look like 7:shoe-1")
    return {"shop_no": _whole(shop, "images"), "image_id": image_id}


def rate_of(text: str) -> float:
    """Return the images a second that a form asks for, the usual rate where it is empty. Raises Problem."""
    try:
        return float(text) if text.strip() else DEFAULT_RATE
    except ValueError:
        raise Problem(400, "the rate must be a number of images a second", errors=[("rate", "must be a number")]) from None
