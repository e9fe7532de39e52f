"""What the reports answer over HTTP, as models."""

from typing import Annotated, Literal

from pydantic import Field

from faust_app.web.contract.answers.answer import Answer, Time

Day = Annotated[str, Field(json_schema_extra={"format": "date"}, description="A day in the platform's time zone.")]
Count = Annotated[int | None, Field(description="Null where not one day of the period is known.")]


class DayRangeAnswer(Answer):
    """The days from first to last, both included."""

    first: Annotated[Day, Field(alias="from")]
    last: Annotated[Day, Field(alias="to")]


class TradeFigures(Answer):
    """What only operators see; times from request to done in milliseconds, null without images."""

    failed_shop: Count
    failed_source: Count
    failed_ours: Count
    repaired: Count
    retried: Count
    rescued: Count
    dead_lettered: Count
    bytes_change: Count
    p50: int | None
    p95: int | None
    p99: int | None
    sources: Annotated[dict[str, int], Field(description="How many days are settled, live, fallback or missing.")]


class FiguresAnswer(Answer):
    """Figures of some days: images, and bytes."""

    registered: Count
    updated: Count
    deleted: Count
    failed: Count
    bytes_in: Annotated[int | None, Field(description="Size of the images that were registered or updated.")]
    bytes_stored: Annotated[int | None, Field(description="Stored at the end of the last day; null where it is not known.")]
    operator: TradeFigures | None = None


class ReportRow(FiguresAnswer):
    """The figures of a period, as far as it lies in the range."""

    first: Annotated[Day, Field(alias="from")]
    last: Annotated[Day, Field(alias="to")]
    extent: Annotated[Literal["whole", "cut", "running"], Field(description="`cut` by the range; `running`: today lies in it.")]
    missing_days: Annotated[int, Field(description="Days that are not known at the moment; their figures are missing in the sums.")]
    final: Annotated[bool, Field(description="Whether every month of it is closed.")]
    before: FiguresAnswer | None = None


class ComparedAnswer(DayRangeAnswer):
    """What the report is compared with, and its figures."""

    basis: Annotated[
        Literal["days", "months", "same_days", "year"],
        Field(description="Just before; whole months before; a running month's same days of the month before; a year before."),
    ]
    figures: FiguresAnswer


class MonthAnswer(Answer):
    """A month of the range: its figures are final from `closes_on` on, under a number."""

    month: Annotated[str, Field(json_schema_extra={"format": "date"}, description="Its first day.")]
    number: Annotated[int | None, Field(description="The number of the final figures; null as long as they may change.")]
    closes_on: Day


class CorrectionAnswer(Answer):
    """A correction of final figures."""

    number: int
    day: Day
    at: Time
    reason: str


class ReportAnswer(DayRangeAnswer):
    """The figures of a shop."""

    shop_no: int
    by: Literal["day", "week", "month"]
    as_of: Annotated[Time, Field(description="Until when the figures of today count. UTC, in ISO 8601 with a Z.")]
    refreshing_days: Annotated[int, Field(description="Days before today that were counted just now; they may still change.")]
    rows: list[ReportRow]
    total: ReportRow
    compared: Annotated[ComparedAnswer | None, Field(description="Null without a comparison, and where no figures are kept of it.")]
    months: list[MonthAnswer]
    corrections: list[CorrectionAnswer]
