"""How many slots a source may hold: the slower it is, the fewer.

A fetch that runs is not taken away again, so a slow source is bounded before it gets a slot; and shops that share a host
share its slots, of which there are no more than the host serves well.

Hosts that do not answer must not hold what others need: one that was never fetched from gets one slot, all hosts without
an answer together leave some slots to those that answered, and those that fail leave half to the others.
"""

from typing import Final

from faust_app.core.dispatch.pace.accounts import Account, Accounts, HostAccount, SourceAccount
from faust_app.core.sources.egress import Egress
from faust_app.core.sources.health import Source

SOURCE_SECONDS: Final = 0.5
"""Mean seconds of a fetch up to which a source may hold every slot; beyond it, its share falls with its speed."""
HOST_SECONDS: Final = 1.0
LEAST_OF_A_SOURCE: Final = 4
LEAST_OF_A_HOST: Final = 8
UNKNOWN: Final = 8
"""Slots of a source before so many of its fetches have ended."""
UNPROVEN_SHARE: Final = 7 / 8
"""Part of the slots that hosts which have not answered here may hold together."""
FAILING_SHARE: Final = 1 / 2
"""Part of the slots that failing hosts may hold together."""
LEAST_OF_A_FAILING_HOST: Final = 2


class SlotBounds:
    """The bounds of sources and hosts. Source (shop, "") stands for work without a source, which is never bounded."""

    def __init__(self, slots: int, accounts: Accounts, egress: Egress) -> None:
        self.slots = slots
        """Slots of this worker: the decision that asks for one sets it."""
        self._accounts = accounts
        self._egress = egress
        self._was_refused = False

    def has_slot(self, source: Source, now: float) -> bool:
        """Return whether one more event of the source may start."""
        if not source[1]:
            return True
        host = self._accounts.host(source[1])
        if self._is_crowded_out(host) or not self._egress.admits(source[1], now):
            self._was_refused = True
            return False
        if self._has_slot_of_its_own(source, host, now):
            return True
        self._refuses_more(host, now)
        return False

    def refuses_more(self, name: str, now: float) -> bool:
        """Return whether the host, which events wait for, fetches as many at once as it serves; its limit hears of it.

        Always False for an unproven host: such hosts share slots, and only asking for one records that others of its kind have to be
        asked too (`was_refused`).
        """
        host = self._accounts.host(name)
        return not host.is_unproven and self._refuses_more(host, now)

    def host_has_room(self, name: str, now: float) -> bool:
        """Return whether one more event of the host may start, as far as that is up to the host and not to one of its sources."""
        if not name:
            return True
        host = self._accounts.host(name)
        return not self._is_crowded_out(host) and self._egress.admits(name, now) and self._has_room(host, now)

    def was_refused(self) -> bool:
        """Return whether a source was refused a slot that others hold, and forget it: any event that ends may then free one."""
        refused, self._was_refused = self._was_refused, False
        return refused

    def is_full(self, source: Source, now: float) -> bool:
        """Return whether the source, or hosts like its own, hold all they may, and may not hold every slot: its events wait for that."""
        if not source[1]:
            return False
        host = self._accounts.host(source[1])
        if self.slots > 1 and self._is_crowded_out(host):
            return True
        if self._has_slot_of_its_own(source, host, now):
            return False
        return min(self.slots_of(source, now), self.slots_of_host(host, now)) < self.slots

    def slots_of(self, source: Source, now: float) -> int:
        """Return how many slots the source may hold."""
        return self._bound_of_source(self._accounts.source(source), now)

    def slots_of_host(self, host: HostAccount, now: float) -> float:
        """Return how many slots the host can count on: by its speed, and by how many fetches at once it serves."""
        return min(self._bound_of_host(host, now), host.connections(now))

    def _is_crowded_out(self, host: HostAccount) -> bool:
        """Return whether hosts of the host's class hold all slots they may hold together."""
        if not host.is_unproven:
            return False
        if host.is_failing and self._accounts.failing >= max(1, int(self.slots * FAILING_SHARE)):
            return True
        return self._accounts.unproven >= max(1, int(self.slots * UNPROVEN_SHARE))

    def _has_slot_of_its_own(self, source: Source, host: HostAccount, now: float) -> bool:
        if not self._has_room(host, now):
            return False
        account = self._accounts.source(source)
        return len(account.started) < self._bound_of_source(account, now)

    def _has_room(self, host: HostAccount, now: float) -> bool:
        return host.fetches_at_once < host.connections(now) and len(host.started) < self._bound_of_host(host, now)

    @staticmethod
    def _refuses_more(host: HostAccount, now: float) -> bool:
        refuses = host.fetches_at_once >= host.connections(now)
        if refuses and host.limit is not None:
            host.limit.refused()
        return refuses

    def _bound_of_source(self, account: SourceAccount, now: float) -> int:
        bound = self._by_speed(account, SOURCE_SECONDS, LEAST_OF_A_SOURCE, now)
        return min(bound, UNKNOWN) if account.fetches < UNKNOWN else bound

    def _bound_of_host(self, host: HostAccount, now: float) -> int:
        if host.is_unproven:
            return LEAST_OF_A_FAILING_HOST if host.fetches else 1
        return self._by_speed(host, HOST_SECONDS, LEAST_OF_A_HOST, now)

    def _by_speed(self, account: Account, fast: float, least: int, now: float) -> int:
        seconds = account.seconds(now)
        return self.slots if seconds <= fast else max(least, int(self.slots * fast / seconds))
