"""The model's workers: they take events, fetch, put and settle, and die in between."""

from dataclasses import replace
from typing import Any

from faust_app.core.failure import FailureCode, Transient, Unavailable
from faust_app.core.images.objects import object_key
from faust_app.core.images.outcome import Deferred, Failed, Kept, Outcome, Removed, Stored
from faust_app.core.images.plan import Remove, Skip, Store
from faust_app.core.images.retry import Backoff, decide_retry
from faust_app.core.images.row import Shown
from faust_app.core.sources.content import Validators
from tests.proofs.model.rules import content_of
from tests.proofs.model.search import Step
from tests.proofs.model.state import IDLE, KEY, LOGS, NOTHING, Actor, Acts, Decided, Place, State, Steps, acts_in


class Workers(Decided):
    """Two of them by default; an event that is not acknowledged may be taken by either."""

    def _takes(self, state: State, number: int) -> Steps:
        flying = {worker[1:3] for worker in state.workers if worker != IDLE}
        for log, records in enumerate(state.logs):
            for offset in range(len(records)):
                place = (log, offset)
                again = place in flying or place in state.acked
                if again and not state.left.twice:
                    continue
                left = state.left.less("twice") if again else state.left
                label = f"a worker takes {LOGS[log]}@{offset}{' again' if again else ''}"
                yield self._starts(state._replace(left=left), number, place, label)

    def _starts(self, state: State, number: int, place: Place, label: str) -> Step[State]:
        log, offset = place
        version, count = state.logs[log][offset]
        planned = self._values[self._planned(version, count, state.row)]
        match planned:
            case Store():
                return label, acts_in(state, "workers", number, ("fetches", *place, 0, self._number(planned))), None
            case Remove():
                return label, acts_in(state, "workers", number, ("settles", *place, 0, self._number(Removed(planned.row)))), None
            case Skip():
                return f"{label} and skips it", state._replace(acked=state.acked | {place}), None
            case _:
                return label, state, f"a record of ours is unknown: {planned.detail}"

    def _works(self, state: State, number: int, worker: Actor) -> Steps:
        what, log, offset, acked, held = worker
        place = (log, offset)

        def acts(actor: Actor, **values: Any) -> State:
            return acts_in(state._replace(**values), "workers", number, actor)

        match what:
            case "fetches":
                yield from self._ends_fetch(state, place, acked, acts, self._values[held])
            case "buries":
                letters = state.letters | {self._values[held].row.version}
                yield "the dead letter is written", acts(("settles", *place, acked, held), letters=letters), None
            case _:
                yield from self._settles(state, worker, acts)
        if state.left.die:
            yield f"a worker dies: {what}", acts(IDLE, left=state.left.less("die")), None
        if state.left.forget:
            forgotten = state.acked | {place}
            yield f"a worker dies: {what}, its offset is committed", acts(IDLE, left=state.left.less("forget"), acked=forgotten), None

    def _ends_fetch(self, state: State, place: Place, acked: int, acts: Acts, store: Store) -> Steps:
        def settles(outcome: Outcome, what: str = "settles") -> Actor:
            return (what, *place, acked, self._number(outcome))

        shown = store.row.shown
        if store.validators and shown is not None:
            yield "the source says 304", acts(settles(Kept(store.row, replace(shown, version=store.row.version), transferred=False))), None
        for changed in (False, True)[: 1 + bool(state.left.change)]:
            left = state.left.less("change") if changed else state.left
            new = _shown(store, changed=changed)
            if shown is not None and shown.sha256 == new.sha256:
                kept = replace(shown, version=store.row.version, url=store.url)
                yield "the source has the same bytes", acts(settles(Kept(store.row, kept, transferred=True)), left=left), None
                continue
            put = state.objects | {new.object_key}
            yield f"PUT{' of changed bytes' if changed else ''}", acts(settles(Stored(store.row, new)), objects=put, left=left), None
            if state.left.late_put:
                late = state.late | {new.object_key}
                yield "a PUT does not answer; its event is returned", acts(IDLE, late=late, left=left.less("late_put")), None
        if state.left.fail:
            judged = decide_retry(store.row, Transient(FailureCode.SOURCE_ERROR), Backoff(), jitter=1.0)
            assert not isinstance(judged, Unavailable)
            what = "buries" if isinstance(judged, Failed) else "settles"
            yield "the source fails", acts(settles(judged, what), left=state.left.less("fail")), None
        if state.left.defer:
            yield "the source is deferred", acts(settles(Deferred(store.row, NOTHING)), left=state.left.less("defer")), None

    def _settles(self, state: State, worker: Actor, acts: Acts) -> Steps:
        _, log, offset, _, held = worker
        after = self._settled(state.row, held, self._fresh(state))
        outcome = self._values[held]
        label = f"{type(outcome).__name__} of {outcome.row.version} is {'refused' if after is None else 'settled'}"
        row = state.row if after is None else after
        counted = self._values[row].attempt
        broken = "an attempt is counted twice" if after is not None and counted > state.logs[log][offset][1] + 1 else None
        yield label, acts(IDLE, row=row, acked=state.acked | {(log, offset)}), broken
        if state.left.die:
            yield f"{label}, and the worker dies", acts(IDLE, row=row, left=state.left.less("die")), broken
        if state.left.lost_answer:
            yield f"{label}, and nobody hears it", acts(worker, row=row, left=state.left.less("lost_answer")), broken


def _shown(store: Store, *, changed: bool) -> Shown:
    digest = content_of(store.url, changed=changed)
    key = object_key(*KEY, store.row.version, digest.hex(), "jpg")
    return Shown(store.row.version, key, store.url, digest, 1, "image/jpeg", 1, 1, Validators('"every address says this"'))
