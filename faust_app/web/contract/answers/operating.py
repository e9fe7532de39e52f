"""Answers about what happened, how things were, who works, and what operators changed."""

from typing import Annotated, Any, Literal

from pydantic import Field

from faust_app.web.contract.answers.answer import Answer, Next, State, Time


class ShopAnswer(Answer):
    """A shop's images by state."""

    shop_no: int
    images: dict[State, int]


class WorkerAnswer(Answer):
    """A worker: how many events it holds, and what keeps it from starting any."""

    name: str
    release: str
    started_at: Time
    seen_at: Time
    stop_reason: str | None
    held: int | None
    held_by: str | None


class WorkersAnswer(Answer):
    """The workers, by name."""

    workers: list[WorkerAnswer]


class HappeningAnswer(Answer):
    """One thing that happened, with the page that says more."""

    at: Time
    kind: Literal["alert", "republish", "import", "release", "job", "log-in", "change"]
    text: str
    who: str | None
    page: str | None


class TimelineAnswer(Answer):
    """What happened, newest first; `next` continues it as `before`, null at its end."""

    happened: list[HappeningAnswer]
    next: Time | None


class ChangeAnswer(Answer):
    """What an operator changed."""

    number: int
    at: Time
    actor: str
    remote: str | None
    action: str
    target: str
    detail: dict[str, Any]


class AuditPage(Answer):
    """A page of changes, newest first."""

    changes: list[ChangeAnswer]
    next: Next


class SampleAnswer(Answer):
    """How things were in a minute; null is what was not known. `done` and `failed` are images that ended since the sample before."""

    at: Time
    behind: Annotated[int | None, Field(description="Records that no worker has finished.")]
    oldest_s: Annotated[float | None, Field(description="Age of the oldest of them in seconds.")]
    stalled: Annotated[int | None, Field(description="Images that need attention.")]
    failed_images: Annotated[int | None, Field(description="Images that are FAILED.")]
    done: int
    failed: int
    pictureless: Annotated[int | None, Field(description="Products of which a picture was sent and none is shown.")]


class SamplesAnswer(Answer):
    """Samples, oldest first, one a minute."""

    samples: list[SampleAnswer]
