"""Answers about open alerts, and faults whose backlog is not done."""

from typing import Annotated, Literal

from pydantic import Field

from faust_app.web.contract.answers.answer import Answer, Time


class AlertAnswer(Answer):
    """An open alert: whether it wakes people, how far it reaches, and who works on it."""

    fingerprint: str
    code: str
    host: str | None
    severity: Literal["platform", "shop"]
    urgency: Literal["wake", "tell"]
    what: str
    detail: str
    since: Time
    last_at: Time
    ended_at: Annotated[Time | None, Field(description="When no process had the fault any more; it closes if it does not return.")]
    count: Annotated[int, Field(description="Failed images, or processes that reported a fault.")]
    shops: int
    waiting: Annotated[int, Field(description="Images that the fault holds up.")]
    workers: list[str]
    reported_at: Time | None
    woken_at: Time | None
    taken_by: str | None
    taken_at: Time | None


class RecoveringAnswer(Answer):
    """A fault that is over, and how far the images it held up are done."""

    fingerprint: str
    since: Time
    ended_at: Time
    delayed: int
    left: int
    images_per_second: Annotated[float | None, Field(description="The measured rate; null while it is not known.")]
    time_left_s: int | None


class AlertList(Answer):
    """The open alerts, and the faults whose backlog is not done."""

    alerts: list[AlertAnswer]
    recovering: list[RecoveringAnswer]
