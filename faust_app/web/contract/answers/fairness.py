"""The models of answers about fair shares."""

from typing import Annotated, Literal

from pydantic import Field

from faust_app.core.dispatch.fairness import Hold
from faust_app.web.contract.answers.answer import Answer, Time

_HOLDS = {"enum": [*(hold.value for hold in Hold), None]}


class QuietAnswer(Answer):
    """Events of the last minute that were the only ones of their shops: the longest wait, and the bound that held for it."""

    events: int
    wait_s: float
    bound_s: float
    exceeded: Annotated[int, Field(description="How many waited longer than their bound.")]


class ShareAnswer(Answer):
    """A share of the slots. `bound_s` is within how many seconds an event would start that came now, alone of its shop."""

    share: Literal["express", "bulk", "retry", "republished"]
    waiting: int
    running: int
    guaranteed: Annotated[int, Field(description="Slots that it gets however much the others want.")]
    oldest_s: float
    bound_s: float
    quiet: QuietAnswer


class WantedAnswer(Answer):
    """Parts of all slots, from 0 to 1: what a shop could have used, and what it got."""

    wanted: float
    got: float


class FairShopAnswer(Answer):
    """A shop that uses or wants slots; `shop_no` is null for the others together, `shops` how many they are."""

    shop_no: int | None
    shops: int
    waiting: int
    running: int
    minute: WantedAnswer
    hour: WantedAnswer
    longest_wait_s: float
    mean_wait_s: float
    weight: float
    why: Annotated[str | None, Field(description="Why most of its events wait; null: none waits.", json_schema_extra=_HOLDS)]
    waits_for: dict[str, int]
    host: Annotated[str | None, Field(description="The image server that most of them wait for.")]


class FairnessAnswer(Answer):
    """Who waits for slots, how long and why, over the workers that reported within half a minute."""

    as_of: Time | None
    age_s: float
    sentence: str
    held_by: list[str]
    workers: int
    unreadable: Annotated[list[str], Field(description="Workers of another release, whose reports cannot be read.")]
    slots: int
    waiting: int
    running: int
    evenness: Annotated[float | None, Field(description="Jain's index of what shops got that wait for slots alone; null: none does.")]
    shares: list[ShareAnswer]
    shops: list[FairShopAnswer]
    rest: FairShopAnswer
