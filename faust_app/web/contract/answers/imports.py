"""Answers about imports, and the requests that were refused."""

from typing import Annotated, Literal

from pydantic import Field

from faust_app.web.contract.answers.answer import Answer, Next, Time


class ImportedFileAnswer(Answer):
    """The file of an import."""

    name: str
    bytes: int
    sha256: str
    format: Literal["woocommerce", "jsonl"]
    refetch: bool


class DrainAnswer(Answer):
    """How far the images of an import are."""

    done: int
    left: Annotated[int, Field(description="Images of the shop in progress, and about how many the rest of the file has.")]
    per_s: float | None
    seconds_left: Annotated[int | None, Field(description="null: nothing is known of the rate, or nothing starts.")]
    limit: Annotated[
        Literal["source", "slots", "cap", "paused", "lane", "held", "others"] | None,
        Field(description="Why most of them wait; source: the shop's own image server, `host`, is the limit."),
    ]
    host: str | None


class ImportAnswer(Answer):
    """An import and how far it is."""

    number: Annotated[int, Field(alias="import")]
    status: Literal["running", "finished", "broken"]
    file: ImportedFileAnswer
    read_bytes: int
    accepted: int
    unchanged: int
    superseded: int
    rejected: int
    started_by: str
    release: str | None
    started_at: Time
    updated_at: Time
    ended_at: Time | None
    problem: str | None
    images: Annotated[DrainAnswer | None, Field(description="null in lists, and where none of the shop's images is in progress.")]


class ImportPage(Answer):
    """A page of imports, newest first."""

    imports: list[ImportAnswer]
    next: Next


class RejectionAnswer(Answer):
    """A request that was refused, with its line or record where it has one."""

    number: int
    at: Time
    entry_point: Literal["http", "requests", "import", "events"]
    sender: str | None
    image_id: str | None
    field: str | None
    reason: str
    of_import: Annotated[int | None, Field(alias="import")] = None
    line: int | None = None
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    bytes: int | None = None


class RejectionPage(Answer):
    """A page of rejections."""

    rejections: list[RejectionAnswer]
    next: Next


class ComparedAnswer(Answer):
    """One image of a file, compared with what is shown; one line of the answer."""

    line: int
    image_id: str | None
    source_url: str | None
    standing: Literal["shown", "old_one_shown", "failed", "under_way", "rejected", "deleted", "never_received"]
    reason: str | None
    at: Time | None
