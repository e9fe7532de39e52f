"""Answers about the causes of failed images."""

from typing import Annotated, Literal

from pydantic import Field

from faust_app.web.contract.answers.answer import Answer, NextText, Time
from faust_app.web.contract.answers.images import ImageName


class CauseNote(Answer):
    """A note for other operators."""

    text: str
    by: str | None
    at: Time | None


class CauseAnswer(Answer):
    """A cause of failed images, and what people decided about it."""

    fingerprint: str
    code: str
    host: str | None
    status: Literal["open", "came_back", "resolved", "ignored"]
    images: int
    shops: int
    first_at: Time | None
    last_at: Time | None
    judged_by: str | None
    sentence: str | None
    is_ours: bool
    suspected: Annotated[str | None, Field(description="Why its failures are suspected to be the platform's; null if they are not.")]
    resolved_at: Time | None
    resolved_in: str | None
    ignored_until: Time | None
    note: CauseNote | None


class CauseShop(Answer):
    """A shop with images that failed by the cause, and the letter that asks it to act."""

    shop_no: int
    images: int
    asked_by: str | None
    asked_at: Time | None
    letter: str


class CauseDetailsAnswer(CauseAnswer):
    """A cause with its shops, its failures by hour of the last day (oldest first), and some of its images."""

    shops_most_hit: list[CauseShop]
    curve: list[int]
    examples: list[ImageName]


class CausePage(Answer):
    """A page of causes, those with most images first."""

    causes: list[CauseAnswer]
    next: NextText
