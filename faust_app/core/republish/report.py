"""How a run ended, in words."""

from datetime import datetime, timedelta
from typing import Final

from faust_app.core.alerts.message import AlertMessage, Form
from faust_app.core.failure_codes import Severity
from faust_app.core.images.row import ImageState
from faust_app.core.republish.items import SKIPPED, ItemStatus
from faust_app.core.republish.run import Run, RunCounts, seconds_left
from faust_app.core.text import Place, counted, cut, duration

WORDS: Final = {
    ItemStatus.PLANNED: "not begun",
    ItemStatus.BEGUN: "still under way",
    ItemStatus.REPAIRED: "repaired",
    ItemStatus.FAILED_SAME: "failed the same way",
    ItemStatus.FAILED_OTHERWISE: "failed otherwise",
    ItemStatus.STILL_GOOD: "not fetched again, shown as before",
    ItemStatus.REPLACED: "replaced by a newer request",
    ItemStatus.TAKEN_BACK: "taken back",
    ItemStatus.GOOD: "fine today",
    ItemStatus.DONE_SINCE: "stored since the plan was made",
    ItemStatus.NEWER_VERSION: "asked for again since the plan was made",
    ItemStatus.IN_FLIGHT: "in progress",
    ItemStatus.DELETED: "deleted",
    ItemStatus.ADDRESS_REFUSED: "at an address that we do not fetch from",
    ItemStatus.SIZE_REFUSED: "too large by today's limits",
    ItemStatus.REPUBLISHED_OFTEN: "republished three times since they were last stored",
    ItemStatus.SHOP_PAUSED: "of a paused shop",
}
"""What each status is called on pages, at the command line and in messages."""


def outcome_lines(counts: RunCounts) -> list[str]:
    """Return what became of the images, and why others were left out, each with its number; nothing of what is zero."""
    became = [f"{counts[status]:,} {word}" for status, word in WORDS.items() if status not in SKIPPED and counts[status]]
    skipped = [f"{counts[status]:,} {WORDS[status]}" for status in SKIPPED if counts[status]]
    return [*became, *([f"skipped: {', '.join(skipped)}"] if skipped else [])]


def plan_lines(run: Run, counts: RunCounts) -> list[str]:
    """Return a run for people: first what would be done to images that are fine, then reach, time, outcome and skips."""
    good = counts.by_state.get(ImageState.DONE, 0) if run.selection.include_good else 0
    lines = [f"Fetches {counted(good, 'image')} again that are fine today."] if good else []
    matched = ", ".join(f"{count:,} {state.value}" for state, count in counts.by_state.items()) or "none"
    lines += [f"Run {run.number}: {run.status.value}; {counted(counts.images, 'image')} of {counted(counts.shops, 'shop')}."]
    lines += [f"Matched: {matched}."]
    if counts.to_begin:
        left = duration(timedelta(seconds=seconds_left(run, counts)))
        lines.append(f"To begin: {counts.to_begin:,}, in {left} at {run.rate:g} a second.")
    return lines + [line[0].upper() + line[1:] + "." for line in outcome_lines(counts)]


def end_message(run: Run, counts: RunCounts, place: Place, now: datetime, *, cancelled: bool) -> AlertMessage:
    """Write the message of a run that has ended."""
    took = "" if run.started_at is None else f" after {duration(now - run.started_at)}"
    title = f"[republish] Run {run.number} {'was cancelled' if cancelled else 'is finished'}{took}: {counted(counts.images, 'image')}"
    at = f"\nSee {place.web_url}/admin/republish/{run.number}" if place.web_url else ""
    text = "\n".join([*outcome_lines(counts), f"{'Started' if run.started_by else 'Planned'} by {run.started_by or run.planned_by}."]) + at
    return AlertMessage(Form.REPUBLISH, now, Severity.PLATFORM, title, cut(text))
