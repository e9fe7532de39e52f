"""Answers about a process that works, lag, and unfinished images."""

from typing import Any, Literal

from faust_app.web.contract.answers.answer import Answer, Time
from faust_app.web.contract.answers.images import EventPosition, Failure, Scheduled


class HealthAnswer(Answer):
    """A process that runs its event loop."""

    status: Literal["alive"]


class ReadyAnswer(Answer):
    """Whether a process can work; `degraded` is what holds up others."""

    ready: bool
    reasons: list[str]
    degraded: list[str]


class LagTopicScheduled(Answer):
    """Rows that wait for their time."""

    rows: int
    due: int
    overdue: int
    next_at: Time | None


class LagAnswer(Answer):
    """How far the workers are behind, by consumer group, topic and partition."""

    as_of: Time | None
    age_s: float
    status: Literal["OK", "LAGGING", "STALLED", "STOPPED"]
    lag: int
    lag_seconds: float
    held_by: list[str]
    scheduled: LagTopicScheduled | None
    groups: list[dict[str, Any]]


class UnfinishedImage(Answer):
    """An image that is unfinished or failed."""

    shop_no: int
    image_id: str
    version: int
    status: str
    overdue: bool
    open_since: Time | None
    open_s: float | None
    attempt: int
    rescues: int
    scheduled: Scheduled | None
    position: EventPosition | None
    error: Failure | None


class UnfinishedAnswer(Answer):
    """Unfinished images, counted and listed, of all shops or one; `count` is those that need attention."""

    as_of: Time | None
    age_s: float
    shop_no: int | None
    stalled_after_s: float
    count: int
    lost: int
    scheduled: int
    overdue: int
    queued: int
    failed: int
    oldest_open_s: float | None
    held_by: list[str]
    scheduled_for: list[dict[str, Any]] | None = None
    items: list[UnfinishedImage]
