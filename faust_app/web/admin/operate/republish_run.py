"""`/admin/republish/{number}`: one run from its plan to its outcome, and what can be done about it now."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from urllib.parse import quote

from aiohttp import web

from faust_app.core.republish.items import ENDED, SKIPPED, ItemStatus
from faust_app.core.republish.report import WORDS
from faust_app.core.republish.run import ACTIVE, TYPED_ABOVE, RunStatus, needs_typed_count, seconds_left
from faust_app.flows.republish.control import Overview, Refused, RepublishControl, Unknown
from faust_app.web.admin.forms import form_of, refuse_unknown, see_other
from faust_app.web.admin.frame import Frame
from faust_app.web.admin.operate.republish import PATH, rate_of
from faust_app.web.auth.tokens import actor_of
from faust_app.web.problems import Problem

ONE: Final = PATH + "/{number:[0-9]{1,15}}"
Part = tuple[ItemStatus, str, int, str]
"""One part of an outcome: its status, words, images and tone."""
_TONE: Final = {
    ItemStatus.REPAIRED: "ok", ItemStatus.STILL_GOOD: "warn", ItemStatus.FAILED_SAME: "bad", ItemStatus.FAILED_OTHERWISE: "bad",
    ItemStatus.TAKEN_BACK: "plain", ItemStatus.REPLACED: "plain", ItemStatus.BEGUN: "warn", ItemStatus.PLANNED: "plain",
}  # fmt: skip


class RunPages:
    """Serves one run."""

    def __init__(self, frame: Frame, control: RepublishControl) -> None:
        self._frame = frame
        self._control = control

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get(ONE, self.get)
        router.add_post(ONE + "/try", self.try_one)
        router.add_post(ONE + "/start", self.start)
        router.add_post(ONE + "/pause", self.pause)
        router.add_post(ONE + "/resume", self.resume)
        router.add_post(ONE + "/cancel", self.cancel)
        router.add_post(ONE + "/rate", self.set_rate)

    async def get(self, request: web.Request) -> web.Response:
        """Show a run. A page that is open renews its figures; as a whole only when the run is no longer what it shows (`while`)."""
        refuse_unknown(request, "while")
        overview, shown = await self._overview(request), request.query.get("while")
        answer = self._run_page(request, overview)
        if shown is not None and (shown != overview.run.status or not _is_active(overview)):
            answer.headers["HX-Refresh"] = "true"
        return answer

    async def try_one(self, request: web.Request) -> web.Response:
        """Publish one image of a plan again, and show it."""
        await form_of(request)
        tried = await self._control.try_one(run_number(request), actor_of(request))
        if isinstance(tried, Refused):
            return await self._refused(request, tried)
        return see_other(f"/admin/shops/{tried[0]}/images/{quote(tried[1], safe='')}?run={run_number(request)}")

    async def start(self, request: web.Request) -> web.Response:
        """Start a plan."""
        typed = (await form_of(request, "images"))["images"].replace(",", "").strip()
        count = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= 9 else None  # noqa: PLR2004 - a count of images
        return await self._answer(request, await self._control.start(run_number(request), actor_of(request), typed=count))

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
        rate = rate_of((await form_of(request, "rate"))["rate"])
        return await self._answer(request, await self._control.set_rate(run_number(request), rate, actor_of(request)))

    async def _act(self, request: web.Request, act: Callable[..., Awaitable[Overview | Refused]]) -> web.Response:
        await form_of(request)
        return await self._answer(request, await act(run_number(request), actor_of(request)))

    async def _answer(self, request: web.Request, result: Overview | Refused) -> web.Response:
        if isinstance(result, Refused):
            return await self._refused(request, result)
        return see_other(f"{PATH}/{result.run.number}")

    async def _refused(self, request: web.Request, refused: Refused) -> web.Response:
        if isinstance(refused, Unknown):
            raise no_such_run()
        return self._run_page(request, await self._overview(request), refused=refused.reason, status=409)

    async def _overview(self, request: web.Request) -> Overview:
        found = await self._control.overview(run_number(request))
        if found is None:
            raise no_such_run()
        return found

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


def _shares(outcome: Sequence[Part], images: int) -> Sequence[tuple[str, int]]:
    """Return the parts of the bar in thousandths, in the order of the outcome."""
    return [(tone, round(1000 * count / images)) for _, _, count, tone in outcome] if images else []


def _good(overview: Overview) -> int:
    """Return how many images a run fetches again that were fine when it was planned."""
    return (
        next((n for state, n in overview.counts.by_state.items() if state.value == "DONE"), 0) if overview.run.selection.include_good else 0
    )


def run_number(request: web.Request) -> int:
    """Return the number of the run in the path."""
    return int(request.match_info["number"])


def no_such_run() -> Problem:
    """Return the problem of a number that no run has."""
    return Problem(404, "there is no such run; the page of republishes lists them")
