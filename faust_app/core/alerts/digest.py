"""The daily digest: failures by the shops' own sources and files since the last one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from faust_app.core.alerts.advice import sentence_of
from faust_app.core.alerts.alert import slot_of
from faust_app.core.alerts.message import AlertMessage, Form
from faust_app.core.failure_codes import Severity
from faust_app.core.text import Place, counted, cut, zoned_time

DIGEST: Final = "digest"
LONGEST_DIGEST: Final = timedelta(days=3)
"""The longest span of a digest; older failures are no longer counted by shop."""
_USUAL: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """The span of a digest, from `since` to before `until`: whole slots, so that no image is counted twice."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class CodeCount:
    """Failures of one code, and the host with most of them; `images` counts reports where `is_fault`."""

    code: str
    is_fault: bool
    images: int
    shops: int
    hosts: int
    top_host: str | None
    top_images: int


@dataclass(frozen=True, slots=True)
class DigestCounts:
    """What a digest reports: failures and faults by code, most first; the number of shops with failures, and those with most.

    `left_out` are failed images that are not the shops' fault, or suspected not to be; nothing else here counts them.
    """

    codes: tuple[CodeCount, ...] = ()
    shops: int = 0
    top_shops: tuple[tuple[int, int], ...] = ()
    left_out: int = 0


def digest_span(now: datetime, last_started: datetime | None) -> Span:
    """Return the span of a digest at `now`: everything since the last one, a day for the first."""
    since = last_started if last_started is not None else now - _USUAL
    return Span(slot_of(max(since, now - LONGEST_DIGEST)), slot_of(now))


def digest_message(counts: DigestCounts, span: Span, place: Place, now: datetime) -> AlertMessage | None:
    """Write the digest; None when there is nothing to report."""
    if not counts.codes:
        return None
    images = sum(count.images for count in counts.codes if not count.is_fault)
    title = f"[digest] {counted(images, 'image')} of {counted(counts.shops, 'shop')} failed because of the shops' own sources and files"
    if not images:
        title = "[digest] no image failed, but sources of shops do not answer or refuse us"
    since, until = zoned_time(span.since, place.zone), zoned_time(span.until, place.zone)
    lines = [f"From {since} to {until}. Nothing here needs attention at night.", "Causes:"]
    lines += [_code_line(count) for count in counts.codes]
    lines += ["Shops with most failures:"] if counts.top_shops else []
    lines += [
        f"- shop {shop_no}: {counted(number, 'image')}; `shop-images status --shop {shop_no}`" for shop_no, number in counts.top_shops
    ]
    if counts.left_out:
        lines.append(f"Left out: {counted(counts.left_out, 'image')} whose failure is the platform's fault, or suspected to be.")
    lines += ["Safe: shown images stay shown, lost 0; every failed image has its dead letter. Shops have to resend corrected images."]
    return AlertMessage(Form.DIGEST, now, Severity.SHOP, title, cut("\n".join(lines)))


def _code_line(count: CodeCount) -> str:
    unit = counted(count.images, "report" if count.is_fault else "image")
    where = f" at {count.top_host}" if count.hosts == 1 and count.top_host else f" at {counted(count.hosts, 'source')}"
    most = f", most at {count.top_host} ({count.top_images:,})" if count.hosts > 1 and count.top_host and count.top_images > 1 else ""
    return f"- {count.code}: {unit} of {counted(count.shops, 'shop')}{where}{most}. {sentence_of(count.code)}"
