"""What all answers share: fields, lists that continue, problems. Answers are models: documented, checked, and built beside each handler."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"}, description="UTC, in ISO 8601 with a Z.")]
State = Literal["IN_PROGRESS", "DONE", "FAILED", "DELETED"]
Next = Annotated[int | None, Field(description="Continues the list as `before` or `after`; null at its end.")]
NextText = Annotated[str | None, Field(description="Continues the list as `after`; null at its end.")]


class Answer(BaseModel):
    """An object of an answer: it has these fields and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldError(Answer):
    """What is wrong with one field."""

    field: str
    reason: str


class ProblemAnswer(Answer):
    """A problem (RFC 9457): what is wrong, where, and what to do."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] | None = None
    reason: Annotated[str | None, Field(description="Why the shop is paused.")] = None
    until: Annotated[Time | None, Field(description="When its pause ends; null: when somebody lifts it.")] = None
