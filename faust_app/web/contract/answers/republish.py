"""Answers about republish runs."""

from typing import Any, Literal

from faust_app.web.contract.answers.answer import Answer, Next, NextText, State, Time


class RunAnswer(Answer):
    """A republish run; `rate` in images a second."""

    run: int
    status: Literal["planned", "running", "paused", "cancelling", "cancelled", "finished"]
    selection: dict[str, Any]
    rate: float
    reason: str | None
    planned_by: str
    planned_at: Time
    started_by: str | None
    started_at: Time | None
    ended_at: Time | None


class RunOverview(RunAnswer):
    """A republish run with the counts of its images."""

    images: int
    shops: int
    to_begin: int
    seconds_left: float
    needs_typed_count: bool
    matched: dict[str, int]
    outcome: dict[str, int]
    skipped: dict[str, int]


class RunPage(Answer):
    """A page of runs, newest first."""

    runs: list[RunAnswer]
    next: Next


class RunImage(Answer):
    """An image of a run."""

    shop_no: int
    image_id: str
    planned_version: int
    version: int | None
    former_state: State
    former_code: str | None
    code: str | None


class RunImagePage(Answer):
    """A page of a run's images of one status."""

    images: list[RunImage]
    next: NextText
