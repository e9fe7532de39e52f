"""What the figures of fair shares mean, in sentences: who waits, how long, because of whom, and what can be done."""

from dataclasses import dataclass
from typing import Final

from faust_app.core.dispatch.fairness import Fairness, Hold, ShareState, ShopState
from faust_app.core.dispatch.shares import Share
from faust_app.core.dispatch.usage import REST
from faust_app.web.pages.render import count, span

SOON: Final = 1.0
"""Seconds that nobody calls a wait."""
_EXACT_BELOW: Final = 10.0
CARRIES: Final = {
    Share.EXPRESS: "single changes of shops with little work",
    Share.BULK: "what shops send beyond that",
    Share.RETRY: "what failed, and is due again",
    Share.REPUBLISHED: "what is fetched once more",
}


@dataclass(frozen=True, slots=True)
class Why:
    """Why a shop waits, and what can be done; `{host}` stands for its image server, `{running}` for the slots it holds."""

    waits: str
    advice: str
    at_shop: bool = False
    """Whether its controls can change it."""


WHY: Final = {
    Hold.SOURCE: Why("waits for its own image server {host}", "Its server serves no more at once. More workers change nothing."),
    Hold.SLOTS: Why("holds {running} slots, all it may while others wait", "A weight above 1 gives it more, at the others' cost.", True),
    Hold.CAP: Why("is capped by an operator", "Lift or widen its cap.", True),
    Hold.PAUSED: Why("is paused by an operator", "Resume it.", True),
    Hold.LANE: Why("waits in a paused lane", "Resume the lane."),
    Hold.HELD: Why("waits for workers that start nothing", "The page of lag says what holds them up."),
    Hold.OTHERS: Why("waits because others want the slots too", "Start more workers, or cap or pause whoever is in the way."),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Summary:
    """The first sentence of the page, with its tone: ok, warn or bad; `shop` is the one that it is about."""

    tone: str
    sentence: str
    advice: str
    shop: int | None = None


def summary_of(total: Fairness) -> Summary:
    """Return what matters most: quiet shops beyond their bound, then who waits longest for what, then that nobody waits."""
    if not total.workers:
        return Summary("warn", "No worker has said who waits for the last half minute.", "Start the workers, or see why they end.")
    late = [share for share in total.shares if share.exceeded]
    if late:
        worst = max(late, key=lambda share: share.wait_s - share.wait_bound_s)
        return Summary(
            "bad",
            f"Quiet shops wait longer than their bound: {short(worst.wait_s)} instead of {short(worst.wait_bound_s)} in {worst.share}.",
            "If it lasts, see which shops hold the slots below, and start more workers.",
        )
    waiting = [shop for shop in total.shops if shop.waiting]
    if not total.waiting:
        return Summary("ok", "Nobody waits for a slot.", "Nothing to do.")
    longest = max((share.oldest_s for share in total.shares), default=0.0)
    if longest < SOON or not waiting:
        return Summary("ok", f"Nobody waits longer than {short(longest)}.", "Nothing to do.")
    first = max(waiting, key=lambda shop: shop.waiting_s)
    sentence = f"Shop {first.shop} {why_text(first)}: {images(first.waiting)}."
    quiet = max((share.wait_s for share in total.shares), default=0.0)
    if any(share.quiet for share in total.shares):
        sentence += f" Shops with little work wait {short(quiet)} at most."
    return Summary("ok", sentence, advice_of(first), first.shop)


def why_text(shop: ShopState) -> str:
    """Return why the shop waits, as the predicate of a sentence; nothing where it does not, or is several."""
    if shop.hold is None:
        return ""
    return WHY[shop.hold].waits.format(host=shop.host or "", running=shop.running).rstrip()


def sentence_of(shop: ShopState) -> str:
    """Return why the shop waits, as a text of its own."""
    text = why_text(shop)
    return text[:1].upper() + text[1:]


def advice_of(shop: ShopState) -> str:
    """Return what can be done for the shop."""
    return WHY[shop.hold].advice if shop.hold is not None else ""


def bound_tone(share: ShareState) -> str:
    """Return the tone of a share: whether quiet shops waited longer than promised."""
    return "bad" if share.exceeded else "ok"


def name_of(shop: ShopState) -> str:
    """Return what the shop is called."""
    return f"{count(shop.shops)} other shops" if shop.shop == REST else f"Shop {shop.shop}"


def images(number: int) -> str:
    """Return a number of images."""
    return "1 image" if number == 1 else f"{count(number)} images"


def short(seconds: float) -> str:
    """Return a span, with two digits while it is short."""
    return f"{seconds:.2g} s" if 0 < seconds < _EXACT_BELOW else span(seconds)


def percent(part: float) -> str:
    """Return a part as a percentage, with a digit while it is small."""
    if 0 < part < 0.001:  # noqa: PLR2004 - digits that matter
        return "under 0.1 %"
    return f"{100 * part:.1f} %" if 0 < part < 0.1 else f"{100 * part:.0f} %"  # noqa: PLR2004 - digits that matter
