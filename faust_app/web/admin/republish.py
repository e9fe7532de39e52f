"""`/admin/republish`: plans and runs; one run from its plan to its outcome, with what can be done about it now."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

from aiohttp import web
from pydantic import ValidationError

from faust_app.core.images.row import ImageKey
from faust_app.core.messages.field_errors import problems
from faust_app.core.republish.items import ENDED, SKIPPED, ItemStatus
from faust_app.core.republish.report import WORDS
from faust_app.core.republish.run import ACTIVE, DEFAULT_RATE, TYPED_ABOVE, Draft, RunStatus, needs_typed_count, seconds_left
from faust_app.core.republish.selection import Override, SelectedState, Selection
from faust_app.flows.ports.republish import RepublishRuns
from faust_app.flows.republish.control import Overview, Refused, RepublishControl, Unknown
from faust_app.web.admin.forms import form_of, number_of, refuse_unknown, see_other
from faust_app.web.admin.frame import Frame
from faust_app.web.auth.tokens import actor_of
from faust_app.web.problems import Problem

PATH: Final = "/admin/republish"
Errors = Sequence[tuple[str, str]]
Part = tuple[ItemStatus, str, int, str]
"""One part of an outcome: its status, words, images and tone."""
_PAGE: Final = 50
_ITEMS: Final = 100
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
_TONE: Final = {
    ItemStatus.REPAIRED: "ok", ItemStatus.STILL_GOOD: "warn", ItemStatus.FAILED_SAME: "bad", ItemStatus.FAILED_OTHERWISE: "bad",
    ItemStatus.TAKEN_BACK: "plain", ItemStatus.REPLACED: "plain", ItemStatus.BEGUN: "warn", ItemStatus.PLANNED: "plain",
}  # fmt: skip


class RepublishPages:
    """Serves the list with its form, and one run."""

    def __init__(self, frame: Frame, control: RepublishControl, runs: RepublishRuns) -> None:
        self._frame = frame
        self._control = control
        self._runs = runs

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        one = PATH + "/{number:[0-9]{1,15}}"
        router.add_get(PATH, self.list_runs)
        router.add_post(PATH, self.plan)
        router.add_get(one, self.get)
        router.add_get(one + "/images", self.images)
        router.add_post(one + "/try", self.try_one)
        router.add_post(one + "/start", self.start)
        router.add_post(one + "/pause", self.pause)
        router.add_post(one + "/resume", self.resume)
        router.add_post(one + "/cancel", self.cancel)
        router.add_post(one + "/rate", self.set_rate)

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

    async def get(self, request: web.Request) -> web.Response:
        """Show a run. A page that is open renews its figures; as a whole only when the run is no longer what it shows (`while`)."""
        refuse_unknown(request, "while")
        overview, shown = await self._overview(request), request.query.get("while")
        answer = self._run_page(request, overview)
        if shown is not None and (shown != overview.run.status or not _is_active(overview)):
            answer.headers["HX-Refresh"] = "true"
        return answer

    async def images(self, request: web.Request) -> web.Response:
        """Show images of a run that ended in one way, or are left out for one reason."""
        refuse_unknown(request, "status", "shop", "after")
        overview, text = await self._overview(request), request.query.get("status", "")
        if text not in set(ItemStatus):
            raise Problem(400, "status must be one of those on the page of the run", errors=[("status", "is not known")])
        status, after = ItemStatus(text), _after(request)
        items = await self._runs.items(overview.run.number, status, after, _ITEMS)
        older = None
        if len(items) == _ITEMS:
            key = items[-1].key
            older = f"{request.path}?{urlencode({'status': text, 'shop': key[0], 'after': key[1]})}"
        rows = [(item, item.key[1].decode(), f"/admin/shops/{item.key[0]}/images/{quote(item.key[1], safe='')}") for item in items]
        return self._frame.page(
            request, "admin/republish_images.html", run=overview.run, words=WORDS, which=status, rows=rows, total=overview.counts[status],
            older=older, after=after, newest=f"{request.path}?status={text}",
        )  # fmt: skip

    async def try_one(self, request: web.Request) -> web.Response:
        """Publish one image of a plan again, and show it."""
        await form_of(request)
        tried = await self._control.try_one(_number(request), actor_of(request))
        if isinstance(tried, Refused):
            return await self._refused(request, tried)
        return see_other(f"/admin/shops/{tried[0]}/images/{quote(tried[1], safe='')}?run={_number(request)}")

    async def start(self, request: web.Request) -> web.Response:
        """Start a plan."""
        typed = (await form_of(request, "images"))["images"].replace(",", "").strip()
        count = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= 9 else None  # noqa: PLR2004 - a count of images
        return await self._answer(request, await self._control.start(_number(request), actor_of(request), typed=count))

    async def pause(self, request: web.Request) -> web.Response:
        """Begin no more images until the run is resumed."""
        return await self._act(request, self._control.pause)

    async def resume(self, request: web.Request) -> web.Response:
        """Go on with a paused run."""
        return await self._act(request, self._control.resume)

    async def cancel(self, request: web.Request) -> web.Response:
        """Begin no more images, and take back those without an outcome."""
        return await self._act(request, self._control.cancel)

    async def set_rate(self, request: web.Request) -> web.Response:
        """Change the rate from now on."""
        rate = _rate((await form_of(request, "rate"))["rate"])
        return await self._answer(request, await self._control.set_rate(_number(request), rate, actor_of(request)))

    async def _act(self, request: web.Request, act: Callable[..., Awaitable[Overview | Refused]]) -> web.Response:
        await form_of(request)
        return await self._answer(request, await act(_number(request), actor_of(request)))

    async def _answer(self, request: web.Request, result: Overview | Refused) -> web.Response:
        if isinstance(result, Refused):
            return await self._refused(request, result)
        return see_other(f"{PATH}/{result.run.number}")

    async def _refused(self, request: web.Request, refused: Refused) -> web.Response:
        if isinstance(refused, Unknown):
            raise _unknown()
        return self._run_page(request, await self._overview(request), refused=refused.reason, status=409)

    async def _overview(self, request: web.Request) -> Overview:
        found = await self._control.overview(_number(request))
        if found is None:
            raise _unknown()
        return found

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

    def _run_page(self, request: web.Request, overview: Overview, *, refused: str | None = None, status: int = 200) -> web.Response:
        run, counts = overview.run, overview.counts
        outcome = [
            (each, WORDS[each], counts[each], _TONE[each]) for each in (*ENDED, ItemStatus.BEGUN, ItemStatus.PLANNED) if counts[each]
        ]
        return self._frame.page(
            request, "admin/republish_run.html", status=status, run=run, counts=counts, refused=refused, outcome=outcome,
            skipped=[(each, WORDS[each], counts[each]) for each in SKIPPED if counts[each]],
            selection=run.selection.model_dump(mode="json", exclude_defaults=True), seconds=seconds_left(run, counts),
            active=_is_active(overview), statuses=RunStatus, needs_count=needs_typed_count(counts),
            typed_above=TYPED_ABOVE, shares=_shares(outcome, counts.images), good=_good(overview),
        )  # fmt: skip


def _is_active(overview: Overview) -> bool:
    """Return whether anything of the run still moves."""
    return overview.run.status in ACTIVE or overview.counts.under_way > 0


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
    return Draft(Selection.model_validate(values), _rate(form["rate"]), form["reason"].strip()[:500] or None)


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


def _rate(text: str) -> float:
    try:
        return float(text) if text.strip() else DEFAULT_RATE
    except ValueError:
        raise Problem(400, "the rate must be a number of images a second", errors=[("rate", "must be a number")]) from None


def _shares(outcome: Sequence[Part], images: int) -> Sequence[tuple[str, int]]:
    """Return the parts of the bar in thousandths, in the order of the outcome."""
    return [(tone, round(1000 * count / images)) for _, _, count, tone in outcome] if images else []


def _good(overview: Overview) -> int:
    """Return how many images a run fetches again that were fine when it was planned."""
    return (
        next((n for state, n in overview.counts.by_state.items() if state.value == "DONE"), 0) if overview.run.selection.include_good else 0
    )


def _after(request: web.Request) -> ImageKey | None:
    shop = number_of(request.query.get("shop"), "shop")
    return None if shop is None else (shop, request.query.get("after", "").encode("utf-8", "replace"))


def _number(request: web.Request) -> int:
    return int(request.match_info["number"])


def _unknown() -> Problem:
    return Problem(404, "there is no such run; the page of republishes lists them")
