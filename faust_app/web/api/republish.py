"""Bulk republish over HTTP: plan, confirm, watch, pause, resume, cancel."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from faust_app.core.images.row import ImageKey
from faust_app.core.operators.access import shops_text
from faust_app.core.republish.items import SKIPPED, ItemStatus
from faust_app.core.republish.report import WORDS
from faust_app.core.republish.run import DEFAULT_RATE, MAX_RATE, MIN_RATE, Draft, Run, needs_typed_count, seconds_left
from faust_app.core.republish.selection import Selection
from faust_app.flows.ports.republish import RepublishRuns
from faust_app.flows.republish.control import Invalid, Overview, Refused, RepublishControl, Unknown
from faust_app.web.api.images import time_text
from faust_app.web.auth.tokens import actor_of, sender_of
from faust_app.web.contract.answers.images import ImageName
from faust_app.web.contract.answers.republish import RunImagePage, RunOverview, RunPage
from faust_app.web.contract.bodies import body_of, invalid, no_body, query_of
from faust_app.web.contract.operation import Answered, Operation, Parameter, described, read_nothing
from faust_app.web.contract.parameters import BEFORE, LIMIT, number_of
from faust_app.web.problems import Problem

MAX_SELECTION_BYTES: Final = 2 * 1024 * 1024
"""Room for 10,000 image ids."""
_DEFAULT_PAGE: Final = 100
_KEY_CHARACTERS: Final = 120
Rate = Annotated[float, Field(ge=MIN_RATE, le=MAX_RATE, description="Images a second that the run begins at most.")]
Reason = Annotated[str, Field(min_length=1, max_length=500, description="Why; kept in the audit. Required by `overrides`.")]


class PlanRequest(BaseModel):
    """What an operator wants published again."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    selection: Selection = Selection()
    rate: Rate = DEFAULT_RATE
    reason: Reason | None = None


class StartRequest(BaseModel):
    """Confirms a plan; `images` is the number it would publish again, needed above 1,000."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    images: Annotated[int, Field(ge=0)] | None = None


class RateRequest(BaseModel):
    """A new rate."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    rate: Rate


def _status(text: str) -> ItemStatus:
    if text not in set(ItemStatus):
        raise ValueError(f"must be one of {', '.join(ItemStatus)}")
    return ItemStatus(text)


def _image_key(text: str) -> ImageKey:
    shop_no, separator, image_id = text.partition(":")
    if not separator or not image_id:
        raise ValueError("must be the `next` of the page before, like 7:shoe-1")
    return number_of(shop_no), image_id.encode("utf-8", "replace")


_IMAGES: Final = (
    Parameter("status", _status, {"type": "string", "enum": list(ItemStatus)}, "Images that stand so.", required=True),
    Parameter("after", _image_key, {"type": "string"}, "The `next` of the page before."),
    LIMIT,
)
_KEY: Final = Parameter(
    "Idempotency-Key",
    read_nothing,
    {"type": "string", "minLength": 1, "maxLength": _KEY_CHARACTERS, "pattern": "^[ -~]*$"},
    "The same key returns the plan of the first request.",
)
_PLAN: Final = Answered("The plan.", RunOverview, headers={"Location": "Its address."})
_RUN: Final = Answered("The run.", RunOverview)
_ACT: Final = (408, 409, 413, 415)


class RepublishHandlers:
    """Handlers of republish runs."""

    def __init__(self, control: RepublishControl, runs: RepublishRuns) -> None:
        self._control = control
        self._runs = runs

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        run = "/v1/republish/{number:[0-9]{1,15}}"
        router.add_post("/v1/republish", self.plan)
        router.add_get("/v1/republish", self.list)
        router.add_get(run, self.get)
        router.add_get(f"{run}/images", self.images)
        router.add_post(f"{run}/try", self.try_one)
        router.add_post(f"{run}/start", self.start)
        router.add_post(f"{run}/pause", self.pause)
        router.add_post(f"{run}/resume", self.resume)
        router.add_post(f"{run}/cancel", self.cancel)
        router.add_put(f"{run}/rate", self.set_rate)

    @described(
        Operation(
            {201: Answered("The plan.", RunOverview, headers={"Location": "Its address."})},
            body=PlanRequest,
            headers=(_KEY,),
            problems=(409,),
        )
    )
    async def plan(self, request: web.Request) -> web.Response:
        """Make a plan, which changes no image. A repeated `Idempotency-Key` returns the plan of the first request."""
        asked = await body_of(PlanRequest, request, MAX_SELECTION_BYTES)
        sender = sender_of(request)
        if not asked.selection.is_within(sender.shops):
            raise invalid([("selection.shops", f"must name shops among those of {sender.name}: {shops_text(sender.shops)}"[:300])])
        draft = Draft(asked.selection, asked.rate, asked.reason, _request_key(request))
        made = _made(await self._control.plan(draft, actor_of(request)))
        return web.json_response(overview_json(made), status=201, headers={"Location": f"/v1/republish/{made.run.number}"})

    @described(Operation({200: Answered("A page of runs.", RunPage)}, query=(BEFORE, LIMIT)))
    async def list(self, request: web.Request) -> web.Response:
        """Return the runs, newest first, a page at a time; of a limited sender those of its shops, so that a page may be short."""
        asked = query_of(request, (BEFORE, LIMIT))
        limit = asked.get("limit", _DEFAULT_PAGE)
        runs = await self._runs.newest(asked.get("before"), limit)
        after = runs[-1].number if len(runs) == limit else None
        reached = [run for run in runs if run.selection.is_within(sender_of(request).shops)]
        return web.json_response({"runs": [run_json(run) for run in reached], "next": after})

    @described(Operation({200: Answered("The run.", RunOverview)}))
    async def get(self, request: web.Request) -> web.Response:
        """Return a run with the counts of its images."""
        found = await self._control.overview(await self._reached(request))
        if found is None:
            raise _unknown()
        return web.json_response(overview_json(found))

    @described(Operation({200: Answered("A page of its images.", RunImagePage)}, query=_IMAGES))
    async def images(self, request: web.Request) -> web.Response:
        """Return the images of a run that stand in one way, by key, a page at a time."""
        asked = query_of(request, _IMAGES)
        number, limit = await self._reached(request), asked.get("limit", _DEFAULT_PAGE)
        if await self._runs.get(number) is None:
            raise _unknown()
        items = await self._runs.items(number, asked["status"], asked.get("after"), limit)
        listed = [
            {
                "shop_no": item.key[0],
                "image_id": item.key[1].decode(),
                "planned_version": item.version,
                "version": item.new_version,
                "former_state": item.former_state.value,
                "former_code": item.former_code,
                "code": item.code,
            }
            for item in items
        ]
        after = f"{items[-1].key[0]}:{items[-1].key[1].decode()}" if len(items) == limit else None
        return web.json_response({"images": listed, "next": after})

    @described(Operation({202: Answered("The image.", ImageName)}, problems=_ACT))
    async def try_one(self, request: web.Request) -> web.Response:
        """Publish one image of a plan again, to see what becomes of it."""
        await no_body(request)
        tried = await self._control.try_one(await self._reached(request), actor_of(request))
        if isinstance(tried, Refused):
            raise _conflict(tried)
        return web.json_response({"shop_no": tried[0], "image_id": tried[1].decode()}, status=202)

    @described(Operation({200: _RUN}, body=StartRequest, body_optional=True, problems=_ACT))
    async def start(self, request: web.Request) -> web.Response:
        """Start a plan. A second start of it, or of an equal plan while one runs, returns the run that runs."""
        asked = await body_of(StartRequest, request, optional=True)
        return self._answer(await self._control.start(await self._reached(request), actor_of(request), typed=asked.images))

    @described(Operation({200: _RUN}, problems=_ACT))
    async def pause(self, request: web.Request) -> web.Response:
        """Begin no more images until the run is resumed."""
        return await self._act(request, self._control.pause)

    @described(Operation({200: _RUN}, problems=_ACT))
    async def resume(self, request: web.Request) -> web.Response:
        """Go on with a paused run."""
        return await self._act(request, self._control.resume)

    @described(Operation({200: _RUN}, problems=_ACT))
    async def cancel(self, request: web.Request) -> web.Response:
        """Begin no more images, and take back those without an outcome."""
        return await self._act(request, self._control.cancel)

    @described(Operation({200: _RUN}, body=RateRequest, problems=_ACT))
    async def set_rate(self, request: web.Request) -> web.Response:
        """Change the rate from now on."""
        asked = await body_of(RateRequest, request)
        return self._answer(await self._control.set_rate(await self._reached(request), asked.rate, actor_of(request)))

    async def _act(self, request: web.Request, act: Callable[..., Awaitable[Overview | Refused]]) -> web.Response:
        await no_body(request)
        return self._answer(await act(await self._reached(request), actor_of(request)))

    async def _reached(self, request: web.Request) -> int:
        """Return the number of the run in the path. Raises Problem if the sender may not reach every image it selects."""
        number, shops = int(request.match_info["number"]), sender_of(request).shops
        if shops is not None:
            run = await self._runs.get(number)
            if run is None or not run.selection.is_within(shops):
                raise _unknown()
        return number

    @staticmethod
    def _answer(result: Overview | Refused) -> web.Response:
        return web.json_response(overview_json(_made(result)))


def run_json(run: Run) -> dict[str, Any]:
    """Return a run as a JSON object; times in UTC, `rate` in images a second."""
    return {
        "run": run.number,
        "status": run.status.value,
        "selection": run.selection.model_dump(mode="json", exclude_defaults=True),
        "rate": run.rate,
        "reason": run.reason,
        "planned_by": run.planned_by,
        "planned_at": time_text(run.planned_at),
        "started_by": run.started_by,
        "started_at": time_text(run.started_at),
        "ended_at": time_text(run.ended_at),
    }


def overview_json(overview: Overview) -> dict[str, Any]:
    """Return a run and its counts as a JSON object."""
    counts = overview.counts
    return {
        **run_json(overview.run),
        "images": counts.images,
        "shops": counts.shops,
        "to_begin": counts.to_begin,
        "seconds_left": round(seconds_left(overview.run, counts), 1),
        "needs_typed_count": needs_typed_count(counts),
        "matched": {state.value: count for state, count in counts.by_state.items()},
        "outcome": {status.value: counts[status] for status in WORDS if status not in SKIPPED and counts[status]},
        "skipped": {status.value: counts[status] for status in SKIPPED if counts[status]},
    }


def _request_key(request: web.Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (1 <= len(key) <= _KEY_CHARACTERS and key.isascii() and key.isprintable()):
        raise Problem(
            400,
            f"the header Idempotency-Key must be 1 to {_KEY_CHARACTERS} printable ASCII characters",
            errors=[("Idempotency-Key", "is not valid")],
        )
    return key


def _made(result: Overview | Refused) -> Overview:
    if isinstance(result, Refused):
        raise _conflict(result)
    return result


def _conflict(refused: Refused) -> Problem:
    if isinstance(refused, Unknown):
        return _unknown()
    return Problem(400 if isinstance(refused, Invalid) else 409, refused.reason)


def _unknown() -> Problem:
    return Problem(404, "there is no such run; GET /v1/republish lists them")
