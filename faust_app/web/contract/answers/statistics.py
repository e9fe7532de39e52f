"""The models of answers about the statistics' loads."""

from typing import Annotated, Any

from pydantic import Field

from faust_app.web.contract.answers.answer import Answer, Time

Day = Annotated[str, Field(json_schema_extra={"format": "date"}, description="A day of the platform's zone.")]


class ClosedMonthAnswer(Answer):
    """A month whose figures are final."""

    month: Annotated[str, Field(pattern=r"^\d{4}-\d{2}$")]
    number: Annotated[int, Field(description="Names its figures: 1 for the first month that was closed.")]
    closed_at: Time


class CorrectionAnswer(Answer):
    """A difference in a closed month: the figures that differ, over all shops."""

    number: int
    day: Day
    at: Time
    applied: Annotated[bool, Field(description="Whether reports show the figures after it.")]
    reason: str
    before: dict[str, int]
    after: dict[str, int]


class AskedLoadAnswer(Answer):
    """A load that somebody asked for."""

    number: int
    from_: Annotated[str, Field(alias="from", json_schema_extra={"format": "date"})]
    to: Day
    reason: str | None
    asked_by: str
    asked_at: Time
    started_at: Time | None
    ended_at: Time | None
    days: int
    days_done: int
    days_changed: int
    problem: str | None


class NightAnswer(Answer):
    """What the last finished nightly job did."""

    finished: Time
    found: dict[str, Any]


class StatisticsAnswer(Answer):
    """How the daily statistics stand."""

    loaded_to: Annotated[Day | None, Field(description="The newest loaded day.")]
    missing: Annotated[list[Day], Field(description="Days that could be loaded and are not, newest first.")]
    problem: Annotated[str | None, Field(description="Why the store cannot be asked; then nothing is known of its days.")]
    closed: list[ClosedMonthAnswer]
    corrections: list[CorrectionAnswer]
    loads: list[AskedLoadAnswer]
    last_night: NightAnswer | None


class StatisticsLoadAnswer(Answer):
    """The number of a load that was asked for."""

    number: int
