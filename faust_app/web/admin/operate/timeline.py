"""`/admin/timeline`: what happened since a time, of every kind, on one timeline."""

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from faust_app.core.monitoring.timeline import Happened, page_of
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.monitoring import Timeline
from faust_app.web.admin.forms import refuse_unknown
from faust_app.web.admin.frame import Frame
from faust_app.web.problems import Problem

PATH: Final = "/admin/timeline"
_LIMIT: Final = 200
_SPANS: Final = {"1h": timedelta(hours=1), "24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
_WORDS: Final = {"1h": "the last hour", "24h": "the last 24 hours", "7d": "the last 7 days", "30d": "the last 30 days"}
_DEFAULT: Final = "24h"
TONES: Final = {Happened.ALERT: "bad", Happened.RELEASE: "ok", Happened.REPUBLISH: "warn", Happened.IMPORT: "warn"}


class TimelinePage:
    """Serves the timeline."""

    def __init__(self, frame: Frame, timeline: Timeline, *, clock: Clock) -> None:
        self._frame = frame
        self._timeline = timeline
        self._clock = clock

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the route."""
        router.add_get(PATH, self.get)

    async def get(self, request: web.Request) -> web.Response:
        """Show what happened, newest first."""
        refuse_unknown(request, "span", "kind", "before")
        span, kind = _span(request), _kind(request.query.get("kind", ""))
        now = await self._clock.now()
        until = _moment(request.query.get("before")) or now
        found = await self._timeline.between(now - _SPANS[span], until, [kind] if kind else list(Happened), _LIMIT + 1)
        happened, before = page_of(found, _LIMIT)
        given = {"span": span, "kind": kind.value if kind else ""}
        newest = f"{PATH}?{urlencode({name: value for name, value in given.items() if value})}"
        older = f"{newest}&{urlencode({'before': before.isoformat()})}" if before else None
        return self._frame.page(
            request, "admin/timeline.html", happened=happened, span=span, spans=_WORDS, kind=kind, kinds=list(Happened), tones=TONES,
            newest=newest, older=older, before=request.query.get("before"),
        )  # fmt: skip


def _span(request: web.Request) -> str:
    span = request.query.get("span", _DEFAULT)
    if span not in _SPANS:
        raise Problem(400, f"span must be one of {', '.join(_SPANS)}", errors=[("span", "is not known")])
    return span


def _kind(text: str) -> Happened | None:
    if not text:
        return None
    if text not in set(Happened):
        raise Problem(400, f"kind must be one of {', '.join(Happened)}", errors=[("kind", "is not known")])
    return Happened(text)


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text[:40])
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None:
        raise Problem(400, "before must be what the link to the next page says", errors=[("before", "is not a time")])
    return moment
