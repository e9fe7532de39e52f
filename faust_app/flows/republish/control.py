"""What an operator does with a republish: plan it, try one image, start, pause, resume, cancel it, change its rate.

Page, HTTP and command line all call this; it decides by the run as it is stored, and each change is audited with it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from faust_app.core.images.row import ImageKey
from faust_app.core.operators.audit import Actor, AuditEntry
from faust_app.core.republish.items import TodaysRules
from faust_app.core.republish.run import MAX_RATE, MIN_RATE, PLAN_LASTS, Draft, Run, RunCounts, RunStatus, needs_typed_count
from faust_app.core.sources.addresses import Opened, refused_host
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.kafka import ConsumerOffsets
from faust_app.flows.ports.republish import RepublishItems, RepublishRuns


@dataclass(frozen=True, slots=True)
class FetchRules:
    """What the settings say of addresses and sizes today."""

    opened: Opened
    ports: frozenset[int]
    max_bytes: int

    def of_hosts(self, hosts: set[str]) -> TodaysRules:
        """Return the rules, with those of the hosts that are refused."""
        return TodaysRules(frozenset(host for host in hosts if refused_host(host, self.ports, self.opened)), self.max_bytes)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a run is not changed, as a sentence, and what to do instead."""

    reason: str


class Invalid(Refused):
    """What was asked for makes no sense, whatever the run is."""


class Unknown(Refused):
    """There is no such run."""


@dataclass(frozen=True, slots=True)
class Overview:
    """A run with its counts."""

    run: Run
    counts: RunCounts


MAX_REQUEST_KEY: Final = 240
"""Characters of a request key with the name of its sender."""
_LISTED: Final = 20
"""Most entries of a list that the audit repeats."""
_GONE: Final = Unknown("There is no such run.")
_CHANGES: Final[dict[RunStatus, tuple[str, tuple[RunStatus, ...]]]] = {
    RunStatus.PAUSED: ("paused", (RunStatus.RUNNING,)),
    RunStatus.RUNNING: ("resumed", (RunStatus.PAUSED,)),
    RunStatus.CANCELLING: ("cancelled", (RunStatus.PLANNED, RunStatus.RUNNING, RunStatus.PAUSED)),
}


class RepublishControl:
    """Plans and controls runs. Every method raises Unavailable."""

    def __init__(self, runs: RepublishRuns, items: RepublishItems, offsets: ConsumerOffsets, rules: FetchRules, *, clock: Clock) -> None:
        self._runs = runs
        self._items = items
        self._offsets = offsets
        self._rules = rules
        self._clock = clock

    async def plan(self, draft: Draft, actor: Actor) -> Overview | Refused:
        """Make a plan, frozen by the version of each image; nothing else changes."""
        if draft.selection.overrides and not draft.reason:
            return Invalid("An override needs a `reason`; the audit keeps it.")
        if refused := _bad_rate(draft.rate):
            return refused
        # Committed offsets before rows: a row that still has a position below one of them has no worker left.
        offsets = await self._offsets.committed()
        entry = await self._entry(actor, "republish.plan", {"selection": _audited(draft), "rate": draft.rate, "reason": draft.reason})
        if draft.request_key is not None:
            draft = replace(draft, request_key=f"{actor.name} {draft.request_key}"[:MAX_REQUEST_KEY])
        run = await self._runs.plan(draft, offsets, self._rules.of_hosts, entry)
        if run.selection.digest != draft.selection.digest:
            return Refused("This idempotency key was used for another selection; use a new one.")
        return Overview(run, await self._runs.counts(run.number))

    async def overview(self, number: int) -> Overview | None:
        """Return the run with its counts, None if there is none."""
        run = await self._runs.get(number)
        return None if run is None else Overview(run, await self._runs.counts(number))

    async def try_one(self, number: int, actor: Actor) -> ImageKey | Refused:
        """Publish one image of a plan again."""
        found = await self.overview(number)
        if found is None:
            return _GONE
        if found.run.status is not RunStatus.PLANNED or not found.counts.to_begin:
            return Refused("Only a plan with images that is not started can try one of them.")
        entry = await self._entry(actor, "republish.try", {})
        key = await self._items.try_one(number, await self._offsets.committed(), entry)
        return key or Refused("No image of the plan stands as it was planned; make a new plan.")

    async def start(self, number: int, actor: Actor, *, typed: int | None) -> Overview | Refused:
        """Start a plan; `typed` is the number of its images, needed above a thousand."""
        found = await self.overview(number)
        if found is None:
            return _GONE
        run, counts = found.run, found.counts
        if run.status is RunStatus.PLANNED and (refused := _may_not_start(run, counts, typed, await self._clock.now())):
            return refused
        started = await self._runs.start(number, await self._entry(actor, "republish.start", {"images": counts.to_begin, "rate": run.rate}))
        return await self._refusal(number, "started") if started is None else await self._result(started.number)

    async def pause(self, number: int, actor: Actor) -> Overview | Refused:
        """Begin no more images until the run is resumed."""
        return await self._change(number, RunStatus.PAUSED, "republish.pause", actor)

    async def resume(self, number: int, actor: Actor) -> Overview | Refused:
        """Go on with a paused run."""
        return await self._change(number, RunStatus.RUNNING, "republish.resume", actor)

    async def cancel(self, number: int, actor: Actor) -> Overview | Refused:
        """Begin no more images, and take back those that have no outcome yet."""
        return await self._change(number, RunStatus.CANCELLING, "republish.cancel", actor)

    async def set_rate(self, number: int, rate: float, actor: Actor) -> Overview | Refused:
        """Set the images a second that the run begins at most, from now on."""
        if refused := _bad_rate(rate):
            return refused
        if not await self._runs.set_rate(number, rate, await self._entry(actor, "republish.rate", {"rate": rate})):
            return await self._refusal(number, "given another rate")
        return await self._result(number)

    async def _change(self, number: int, to: RunStatus, action: str, actor: Actor) -> Overview | Refused:
        word, allowed = _CHANGES[to]
        if not await self._runs.change(number, allowed, to, await self._entry(actor, action, {})):
            return await self._refusal(number, word)
        return await self._result(number)

    async def _refusal(self, number: int, word: str) -> Refused:
        run = await self._runs.get(number)
        return _GONE if run is None else Refused(f"The run is {run.status.value}; it cannot be {word}.")

    async def _result(self, number: int) -> Overview | Refused:
        return await self.overview(number) or _GONE

    async def _entry(self, actor: Actor, action: str, detail: dict[str, object]) -> AuditEntry:
        return AuditEntry(await self._clock.now(), actor, action, "republish", detail)


def _may_not_start(run: Run, counts: RunCounts, typed: int | None, now: datetime) -> Refused | None:
    if not counts.to_begin:
        return Refused("The plan has no image to publish again.")
    if now - run.planned_at > PLAN_LASTS:
        return Refused("The plan is over an hour old; make a new one, since many of its images may have moved on.")
    if needs_typed_count(counts) and typed != counts.to_begin:
        return Refused(f"The plan would publish {counts.to_begin:,} images again; give their number as `images` to confirm it.")
    return None


def _bad_rate(rate: float) -> Refused | None:
    if MIN_RATE <= rate <= MAX_RATE:
        return None
    return Invalid(f"The rate must be {MIN_RATE:.0f} to {MAX_RATE:.0f} images a second.")


def _audited(draft: Draft) -> dict[str, object]:
    """Return the selection as the audit keeps it: without defaults, and of long lists how many they name."""
    values: dict[str, object] = draft.selection.model_dump(mode="json", exclude_defaults=True)
    return {name: len(value) if isinstance(value, list) and len(value) > _LISTED else value for name, value in values.items()}
