"""The source records that one worker knows, and what changes when it learns more."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from faust_app.core.sources.health import RecordKey, Source, SourceAnswer, SourceRecord, deferral, is_worth_writing, keys_of

_REMEMBERED: Final = 50_000
"""Records in memory; beyond it the one learnt first is forgotten, and read again when a fetch fails."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """Records that defer images from now on, and records that defer none any more."""

    deferred: list[SourceRecord] = field(default_factory=list)
    ended: list[SourceRecord] = field(default_factory=list)


class KnownRecords:
    """The records by host and shop, bounded in number."""

    def __init__(self) -> None:
        self._records: OrderedDict[RecordKey, SourceRecord] = OrderedDict()
        self._shops: dict[str, set[int]] = {}

    def knows_shop(self, source: Source) -> bool:
        """Return whether there is a record of the shop at its host."""
        return keys_of(source)[1] in self._records

    def deferral(self, source: Source) -> SourceRecord | None:
        """Return the record that defers the source's images, None where they may be fetched."""
        return deferral(self._records, source)

    def deferred(self) -> list[SourceRecord]:
        """Return every record that defers images."""
        return [record for record in self._records.values() if record.is_deferred]

    def sources_of(self, record: SourceRecord) -> list[Source]:
        """Return the sources whose images the record concerns: of a host's record, all its shops that are known."""
        if not record.is_of_all_shops:
            return [(record.shop_no, record.host)]
        return [(shop, record.host) for shop in sorted(self._shops.get(record.host, ()))]

    def is_worth_writing(self, answer: SourceAnswer) -> bool:
        """Return whether an answer changes what other workers have to know."""
        return is_worth_writing(self._records, answer)

    def learn(self, records: Sequence[SourceRecord]) -> Learnt:
        """Add or replace records; return those whose deferral thereby begins or ends."""
        learnt = Learnt()
        for record in records:
            before = self._records.get(record.key)
            if record.is_deferred and not (before and before.is_deferred):
                learnt.deferred.append(record)
            elif before and before.is_deferred and not record.is_deferred:
                learnt.ended.append(record)
            self._records[record.key] = record
            if not record.is_of_all_shops:
                self._shops.setdefault(record.host, set()).add(record.shop_no)
        return learnt

    def forget_oldest(self) -> None:
        """Forget records beyond the bound."""
        while len(self._records) > _REMEMBERED:
            host, shop = self._records.popitem(last=False)[0]
            shops = self._shops.get(host, set())
            shops.discard(shop)
            if not shops:
                self._shops.pop(host, None)
