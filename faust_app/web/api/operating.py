"""What the operator's pages show, for machines: a shop's counts, workers, samples, what happened, changes, unreadable records."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any, Final

from aiohttp import web

from faust_app.core.images.row import ImageState
from faust_app.core.monitoring.samples import CURVE, Sample
from faust_app.core.monitoring.timeline import Happened, Happening, page_of
from faust_app.core.monitoring.workers import REPORTED_WITHIN, ListedWorker
from faust_app.core.operators.audit import AuditRow
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.images import ImageSearch
from faust_app.flows.ports.monitoring import Samples, Timeline, WorkerList
from faust_app.flows.ports.operators import AuditLog
from faust_app.flows.ports.rejections import Rejections
from faust_app.web.api.images import time_text
from faust_app.web.api.imports import rejections_json
from faust_app.web.auth.tokens import sender_of
from faust_app.web.contract.answers.imports import RejectionPage
from faust_app.web.contract.answers.operating import AuditPage, SamplesAnswer, ShopAnswer, TimelineAnswer, WorkersAnswer
from faust_app.web.contract.bodies import query_of, shop_no_of
from faust_app.web.contract.operation import Answered, Operation, Parameter, described
from faust_app.web.contract.parameters import BEFORE, LIMIT, printable_parameter, time_parameter
from faust_app.web.problems import Problem

_PAGE: Final = 100
_HOURS: Final = 30 * 24
_CHARACTERS: Final = 120


def _hours(text: str) -> timedelta:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:6]) <= _HOURS):
        raise ValueError(f"must be a number of hours from 1 to {_HOURS}")
    return timedelta(hours=int(text))


def _kinds(text: str) -> Collection[Happened]:
    if text not in set(Happened):
        raise ValueError(f"must be one of {', '.join(Happened)}")
    return [Happened(text)]


_AUDIT: Final = (
    printable_parameter("actor", _CHARACTERS, "Changes by this user or token only. Whoever is limited to shops gets their own."),
    printable_parameter("action", _CHARACTERS, "Changes of this kind only, such as `republish.start`."),
    BEFORE,
    LIMIT,
)
_TIMELINE: Final = (
    Parameter("hours", _hours, {"type": "integer", "minimum": 1, "maximum": _HOURS}, "How far back; 24 without it."),
    Parameter("kind", _kinds, {"type": "string", "enum": list(Happened)}, "Things of this kind only."),
    time_parameter("before", "The `next` of the page before."),
    LIMIT,
)

_SINCE: Final = time_parameter("since", "Samples from then on; of the last 24 hours without it. They are kept for eight days.")


class OperatingHandlers:
    """Handlers that read."""

    def __init__(
        self,
        *,
        search: ImageSearch,
        workers: WorkerList,
        samples: Samples,
        timeline: Timeline,
        audit: AuditLog,
        rejections: Rejections,
        clock: Clock,
    ) -> None:
        self._search = search
        self._workers = workers
        self._samples = samples
        self._timeline = timeline
        self._audit = audit
        self._rejections = rejections
        self._clock = clock

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get("/v1/shops/{shop_no}", self.shop)
        router.add_get("/v1/workers", self.workers)
        router.add_get("/v1/samples", self.samples)
        router.add_get("/v1/timeline", self.timeline)
        router.add_get("/v1/audit", self.audit)
        router.add_get("/v1/records", self.records)

    @described(Operation({200: Answered("The counts.", ShopAnswer)}))
    async def shop(self, request: web.Request) -> web.Response:
        """Return how many images of the shop are in each state."""
        query_of(request)
        shop_no = shop_no_of(request)
        counts = await self._search.counts(shop_no)
        if not counts:
            raise Problem(404, f"no request of shop {shop_no} was ever accepted; check the number")
        return web.json_response({"shop_no": shop_no, "images": {state.value: counts.get(state, 0) for state in ImageState}})

    @described(Operation({200: Answered("The workers.", WorkersAnswer)}))
    async def workers(self, request: web.Request) -> web.Response:
        """Return the workers that reported within ten minutes."""
        query_of(request)
        listed = await self._workers.seen_within(REPORTED_WITHIN.total_seconds())
        return web.json_response({"workers": [_worker(each) for each in listed]})

    @described(Operation({200: Answered("The samples.", SamplesAnswer)}, query=(_SINCE,)))
    async def samples(self, request: web.Request) -> web.Response:
        """Return how the installation did, minute by minute, oldest first."""
        since = query_of(request, (_SINCE,)).get("since") or await self._clock.now() - CURVE
        return web.json_response({"samples": [_sample(each) for each in await self._samples.since(since)]})

    @described(Operation({200: Answered("What happened.", TimelineAnswer)}, query=_TIMELINE))
    async def timeline(self, request: web.Request) -> web.Response:
        """Return what happened, newest first: alerts, runs, imports, releases, jobs, log-ins and changes."""
        asked, now = query_of(request, _TIMELINE), await self._clock.now()
        since = now - asked.get("hours", timedelta(hours=24))
        limit = asked.get("limit", _PAGE)
        found = await self._timeline.between(since, asked.get("before", now), asked.get("kind", list(Happened)), limit + 1)
        happened, before = page_of(found, limit)
        return web.json_response({"happened": [_happening(each) for each in happened], "next": time_text(before)})

    @described(Operation({200: Answered("A page of changes.", AuditPage)}, query=_AUDIT))
    async def audit(self, request: web.Request) -> web.Response:
        """Return what operators changed, newest first, a page at a time."""
        asked = query_of(request, _AUDIT)
        limit, sender = asked.get("limit", _PAGE), sender_of(request)
        actor = asked.get("actor") if sender.shops is None else sender.name
        rows = await self._audit.newest(actor=actor, action=asked.get("action"), before=asked.get("before"), limit=limit)
        return web.json_response({"changes": [_change(row) for row in rows], "next": rows[-1].number if len(rows) == limit else None})

    @described(Operation({200: Answered("A page of records.", RejectionPage)}, query=(BEFORE, LIMIT)))
    async def records(self, request: web.Request) -> web.Response:
        """Return records of the topics that nobody could read, newest first, a page at a time."""
        asked = query_of(request, (BEFORE, LIMIT))
        limit = asked.get("limit", _PAGE)
        return web.json_response(rejections_json(await self._rejections.of_records(asked.get("before"), limit), limit))


def _worker(worker: ListedWorker) -> dict[str, Any]:
    return {
        "name": worker.name,
        "release": worker.release,
        "started_at": time_text(worker.started_at),
        "seen_at": time_text(worker.seen_at),
        "stop_reason": worker.stop_reason,
        "held": worker.held,
        "held_by": worker.held_by,
    }


def _sample(sample: Sample) -> dict[str, Any]:
    return {
        "at": time_text(sample.at),
        "behind": sample.behind,
        "oldest_s": sample.oldest_seconds,
        "stalled": sample.stalled,
        "failed_images": sample.failed_images,
        "done": sample.done,
        "failed": sample.failed,
        "pictureless": sample.pictureless,
    }


def _happening(each: Happening) -> dict[str, Any]:
    return {"at": time_text(each.at), "kind": each.kind.value, "text": each.text, "who": each.who, "page": each.link}


def _change(row: AuditRow) -> dict[str, Any]:
    return {
        "number": row.number,
        "at": time_text(row.at),
        "actor": row.actor.name,
        "remote": row.actor.remote,
        "action": row.action,
        "target": row.target,
        "detail": dict(row.detail),
    }
