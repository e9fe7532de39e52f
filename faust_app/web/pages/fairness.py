"""`/fairness`: who waits for slots, how long, because of whom, and what can be done; as JSON for machines and as a page for people."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from aiohttp import web

from faust_app.core.dispatch.fairness import Fairness, ShareState, ShopState
from faust_app.core.dispatch.usage import REST
from faust_app.flows.monitoring.fairness import FairnessReport, WatchFairness
from faust_app.web.api.images import time_text
from faust_app.web.contract.answers.fairness import FairnessAnswer
from faust_app.web.contract.operation import Answered, Operation, described
from faust_app.web.pages import fairness_words as words
from faust_app.web.pages.lag import not_yet
from faust_app.web.pages.render import Pages, PlainPages, json_answer
from faust_app.web.problems import wants_page

_DIGITS: Final = 4


class FairnessPage:
    """Serves the last report. `held_by` returns what holds up work.

    `admin_at` is the address before the path of a shop's page; None where the web process has no public address.
    """

    def __init__(
        self, fairness: WatchFairness, held_by: Callable[[], Sequence[str]], *, admin_at: str | None, pages: Pages | None = None
    ) -> None:
        self._fairness = fairness
        self._held_by = held_by
        self._admin_at = admin_at
        self._pages = pages or PlainPages()

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the route."""
        router.add_get("/fairness", self.get)

    @described(Operation({200: Answered("As JSON, or as a page for browsers.", FairnessAnswer)}))
    async def get(self, request: web.Request) -> web.Response:
        """Answer who waits for slots, how long and why, or with 503 before there is a report. It says what shops do: all of them."""
        report = self._fairness.report
        if report is None:
            problem = not_yet("fairness", "the database")
            if wants_page(request):
                return self._pages.problem(request, problem)
            raise problem
        if not wants_page(request):
            return json_answer(fairness_json(report, self._fairness.age, self._held_by()))
        total = report.total
        rest = [total.rest] if total.rest.shops else []
        return self._pages.page(
            request, "fairness.html", report=report, total=total, age=self._fairness.age, held_by=self._held_by(),
            summary=words.summary_of(total), shops=[*total.shops, *rest], link=self._link,
            lanes=None if self._admin_at is None else f"{self._admin_at}/admin/lanes", words=words, here="fairness",
        )  # fmt: skip

    def _link(self, shop: int | None, anchor: str = "") -> str | None:
        if self._admin_at is None or not shop:
            return None
        return f"{self._admin_at}/admin/shops/{shop}{anchor}"


def fairness_json(report: FairnessReport, age: float, held_by: Sequence[str]) -> dict[str, object]:
    """Return the report as a JSON object. Times in UTC, spans in seconds, parts of all slots from 0 to 1."""
    total = report.total
    return {
        "as_of": time_text(report.as_of),
        "age_s": round(age, 3),
        "sentence": words.summary_of(total).sentence,
        "held_by": list(held_by),
        "workers": total.workers,
        "unreadable": list(report.unreadable),
        "slots": total.slots,
        "waiting": total.waiting,
        "running": total.running,
        "evenness": None if total.spread.jain is None else round(total.spread.jain, _DIGITS),
        "shares": [_share(share) for share in total.shares],
        "shops": [_shop(total, shop) for shop in total.shops],
        "rest": _shop(total, total.rest),
    }


def _share(share: ShareState) -> dict[str, Any]:
    return {
        "share": share.share.value,
        "waiting": share.waiting,
        "running": share.running,
        "guaranteed": share.guaranteed,
        "oldest_s": share.oldest_s,
        "bound_s": share.bound_s,
        "quiet": {"events": share.quiet, "wait_s": share.wait_s, "bound_s": share.wait_bound_s, "exceeded": share.exceeded},
    }


def _shop(total: Fairness, shop: ShopState) -> dict[str, Any]:
    minute, hour = (total.wanted_minute(shop), total.got_minute(shop)), (total.wanted_hour(shop), total.got_hour(shop))
    return {
        "shop_no": None if shop.shop == REST else shop.shop,
        "shops": shop.shops,
        "waiting": shop.waiting,
        "running": shop.running,
        "minute": {"wanted": round(minute[0], _DIGITS), "got": round(minute[1], _DIGITS)},
        "hour": {"wanted": round(hour[0], _DIGITS), "got": round(hour[1], _DIGITS)},
        "longest_wait_s": shop.longest_s,
        "mean_wait_s": round(shop.mean_wait_s, 3),
        "weight": shop.weight,
        "why": None if shop.hold is None else shop.hold.value,
        "waits_for": {hold.value: number for hold, number in shop.holds.items()},
        "host": shop.host,
    }
