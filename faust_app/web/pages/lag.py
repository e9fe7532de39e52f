"""`/lag`: how far the workers and the readers of requests are behind, as JSON for machines and as a page for people."""

from dataclasses import replace
from itertools import groupby
from typing import Final

from aiohttp import web

from faust_app.core.monitoring.lag import LagStatus, PartitionLag
from faust_app.core.monitoring.unfinished import RowCounts
from faust_app.flows.monitoring.lag import GroupReport, LagReport, WatchLag
from faust_app.flows.monitoring.unfinished import WatchStalled
from faust_app.web.api.images import time_text
from faust_app.web.contract.answers.monitoring import LagAnswer
from faust_app.web.contract.operation import Answered, Operation, described
from faust_app.web.pages.render import Pages, PlainPages, json_answer
from faust_app.web.problems import RETRY_AFTER_SECONDS, Problem, wants_page

MEANING: Final = {
    LagStatus.OK: ("Nothing waits for long.", "Nothing to do."),
    LagStatus.LAGGING: (
        "Events wait for longer than they should, and are being worked on or held up by something known.",
        "If it lasts, start more workers; if something holds it up, fix that first.",
    ),
    LagStatus.STALLED: (
        "Workers are connected, and in a partition with unread records nothing was finished for two minutes.",
        "Read the workers' logs and `/ready`; a worker that makes no progress exits and is restarted.",
    ),
    LagStatus.STOPPED: (
        "Records wait and nobody reads them: no worker has been connected for a minute.",
        "Start the workers, or see why they end.",
    ),
}


class LagPage:
    """Serves the last samples."""

    def __init__(self, lag: WatchLag, stalled: WatchStalled, pages: Pages | None = None) -> None:
        self._lag = lag
        self._stalled = stalled
        self._pages = pages or PlainPages()

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the route."""
        router.add_get("/lag", self.get)

    @described(Operation({200: Answered("As JSON, or as a page for browsers.", LagAnswer)}))
    async def get(self, request: web.Request) -> web.Response:
        """Answer with the report, or with 503 before there is one."""
        report = self._lag.report
        if report is not None:  # what holds up work now, not when the sample was taken
            report = replace(report, held_by=self._lag.held_by())
        if report is None:
            problem = not_yet("lag", "Kafka")
            if wants_page(request):
                return self._pages.problem(request, problem)
            raise problem
        counts = self._stalled.report.counts if self._stalled.report else None
        if wants_page(request):
            meaning, step = MEANING[report.status]
            return self._pages.page(
                request, "lag.html", report=report, age=self._lag.age, counts=counts, meaning=meaning, step=step, topics=topics_of,
                here="lag",
            )  # fmt: skip
        return json_answer(lag_json(report, self._lag.age, counts))


def not_yet(what: str, dependency: str) -> Problem:
    """Return the problem of a page that has nothing to show yet."""
    return Problem(
        503,
        f"no sample of {what} yet; samples are taken every few seconds. If this persists, {dependency} does not answer",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def lag_json(report: LagReport, age: float, counts: RowCounts | None) -> dict[str, object]:
    """Return the report as a JSON object. Times in UTC, spans in seconds; what is not known is null."""
    return {
        "as_of": time_text(report.as_of),
        "age_s": round(age, 3),
        "status": report.status.value,
        "lag": report.lag,
        "lag_seconds": round(report.lag_seconds, 3),
        "held_by": list(report.held_by),
        "scheduled": None if counts is None else _scheduled(counts),
        "groups": [_group(group) for group in report.groups],
    }


def topics_of(group: GroupReport) -> list[tuple[str, list[PartitionLag]]]:
    """Return the partitions of a group by topic."""
    return [(topic, list(partitions)) for topic, partitions in groupby(group.sample.partitions, key=lambda each: each.topic)]


def _scheduled(counts: RowCounts) -> dict[str, object]:
    return {"rows": counts.scheduled, "due": counts.due, "overdue": counts.overdue, "next_at": time_text(counts.next_due)}


def _group(group: GroupReport) -> dict[str, object]:
    sample, velocity = group.sample, group.velocity
    return {
        "group": sample.group,
        "status": group.status.value,
        "lag": sample.lag,
        "lag_seconds": round(sample.lag_seconds, 3),
        "members": sample.members,
        "finished_per_s": None if velocity is None else round(velocity.finished, 3),
        "arriving_per_s": None if velocity is None else round(velocity.arriving, 3),
        "drain_s": None if group.drain_seconds is None else round(group.drain_seconds, 1),
        "topics": [_topic(topic, partitions) for topic, partitions in topics_of(group)],
    }


def _topic(topic: str, partitions: list[PartitionLag]) -> dict[str, object]:
    return {"topic": topic, "lag": sum(each.lag for each in partitions), "partitions": [_partition(each) for each in partitions]}


def _partition(each: PartitionLag) -> dict[str, object]:
    return {
        "partition": each.partition,
        "committed": each.committed,
        "end": each.end,
        "lag": each.lag,
        "oldest_unfinished_at": time_text(each.oldest_unfinished_at),
    }
