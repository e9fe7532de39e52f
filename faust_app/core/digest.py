"""The daily digest: what the shops' own sources and images did since the last one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from faust_app.core.alert import Severity, slot_of
from faust_app.core.alert_advice import sentence_of
from faust_app.core.alert_message import AlertMessage, Form
from faust_app.core.alert_text import Place, counted, cut, zoned_time

DIGEST: Final = "digest"
LONGEST: Final = timedelta(days=3)
"""How far back a digest looks at most; what is older is no longer counted by shop."""
_USUAL: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """The times a digest covers, from `since` to before `until`: whole slots, so that no image is told twice."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class CodeCount:
    """Images of one code, and where most of them come from."""

    code: str
    is_fault: bool
    images: int
    shops: int
    hosts: int
    top_host: str | None
    top_images: int


@dataclass(frozen=True, slots=True)
class DigestCounts:
    """What there is to tell: by code, most images first; the number of shops, and those with most images."""

    codes: tuple[CodeCount, ...] = ()
    shops: int = 0
    top_shops: tuple[tuple[int, int], ...] = ()


def digest_span(now: datetime, last_started: datetime | None) -> Span:
    """Return what the digest of now covers: everything since the last one, a day for the first."""
    since = last_started if last_started is not None else now - _USUAL
    return Span(slot_of(max(since, now - LONGEST)), slot_of(now))


def digest_message(counts: DigestCounts, span: Span, place: Place, now: datetime) -> AlertMessage | None:
    """Write the digest; None when there is nothing to tell."""
    if not counts.codes:
        return None
    images = sum(count.images for count in counts.codes if not count.is_fault)
    title = f"[digest] {counted(images, 'image')} of {counted(counts.shops, 'shop')} failed by the shops' own sources and files"
    since, until = zoned_time(span.since, place.zone), zoned_time(span.until, place.zone)
    lines = [f"From {since} to {until}. Nothing of it needs you at night.", "Causes:"]
    lines += [_code_line(count) for count in counts.codes]
    lines += ["Shops with most:"]
    lines += [
        f"- shop {shop_no}: {counted(number, 'image')}; `shop-images status --shop {shop_no}`" for shop_no, number in counts.top_shops
    ]
    lines += [
        "Safe: what was shown stays shown, lost 0; every failed image has its dead letter. Corrected images are sent again by their shop."
    ]
    return AlertMessage(Form.DIGEST, now, Severity.SHOP, title, cut("\n".join(lines)))


def _code_line(count: CodeCount) -> str:
    unit = counted(count.images, "report" if count.is_fault else "image")
    where = f" at {count.top_host}" if count.hosts == 1 and count.top_host else f" at {counted(count.hosts, 'source')}"
    most = f", most at {count.top_host} ({count.top_images:,})" if count.hosts > 1 and count.top_host and count.top_images > 1 else ""
    return f"- {count.code}: {unit} of {counted(count.shops, 'shop')}{where}{most}. {sentence_of(count.code)}"
