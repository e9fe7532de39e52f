"""What the people of a shop see of their failed images, and how they have them tried again."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from faust_app.core.images.row import ImageRow
from faust_app.core.imports.run import ImportRun
from faust_app.core.operators.audit import Actor
from faust_app.core.reports.mend import Fetching, MendGroup, PicturelessProduct, Standing, Standings, grouped, standings
from faust_app.core.reports.picture import Picture, picture_of
from faust_app.core.republish.items import ItemStatus
from faust_app.core.republish.run import Draft
from faust_app.core.republish.selection import ImageRef, SelectedState, Selection
from faust_app.core.sources.health import deferral
from faust_app.flows.ports.causes import Suspicions
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.ports.imports import ImportRuns
from faust_app.flows.ports.reports import MendRows
from faust_app.flows.ports.sources import SourceRecords
from faust_app.flows.republish.control import Overview as RunOverview
from faust_app.flows.republish.control import Refused, RepublishControl

RETRIED_EVERY: Final = timedelta(minutes=10)
"""The same images are tried again at the request of their shop once in so long, whoever presses the button."""
_TIMELINE: Final = 50
_LOOKED_AT: Final = 50_000
"""Images of a shop up to which each is looked at, to say when those of an import were fetched."""
JUST_TRIED: Final = "These pictures were tried again within the last ten minutes; see first what became of it."
NOTHING_LEFT: Final = "None of these pictures can be tried again: they were mended meanwhile, or tried again three times without success."

PAUSED: Final = "The platform has paused this shop; its pictures are tried again once it is resumed and the button is pressed again."


@dataclass(frozen=True, slots=True)
class MendOverview:
    """The first lines of the page, and its groups; `answer_seconds` is the mean time in which the shop's server answered of late."""

    standings: Standings
    groups: list[MendGroup]
    last_import: ImportRun | None
    fetching: Fetching | None
    """How far the images of that import are; None without one that ended, and in a shop too large to look at each image."""
    answer_seconds: float | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Retried:
    """A run that was started: its number, how many images are tried again, and how many are left out."""

    run: int
    images: int
    skipped: int


class Mend:
    """Reads what a shop can mend, and has it tried again. Every method raises Unavailable."""

    def __init__(
        self,
        rows: MendRows,
        repository: ImageRepository,
        *,
        imports: ImportRuns,
        sources: SourceRecords,
        suspicions: Suspicions,
        control: RepublishControl,
        clock: Clock,
    ) -> None:
        self._rows = rows
        self._repository = repository
        self._imports = imports
        self._sources = sources
        self._suspicions = suspicions
        self._control = control
        self._clock = clock

    async def overview(self, shop_no: int) -> MendOverview:
        """Return what the shop's page says first."""
        rows = self._rows
        tallies, counts, pictureless = await asyncio.gather(rows.tallies(shop_no), rows.counts(shop_no), rows.pictureless(shop_no))
        blame, imports, source, now = await asyncio.gather(
            self._suspicions.blame(), self._imports.of_shop(shop_no, None, 1), self._sources.answering(shop_no), self._clock.now()
        )
        seconds = None if source is None else source.answer_seconds
        last, told = imports[0] if imports else None, standings(counts, tallies, pictureless)
        fetching = None
        if last is not None and last.ended_at is not None and told.wanted <= _LOOKED_AT:
            fetching = await rows.fetched_of(shop_no, last.started_at, last.ended_at)
        return MendOverview(told, grouped(tallies, blame), last, fetching, seconds, now)

    async def groups(self, shop_no: int) -> list[MendGroup]:
        """Return the groups alone."""
        tallies, blame = await asyncio.gather(self._rows.tallies(shop_no), self._suspicions.blame())
        return grouped(tallies, blame)

    async def group(self, shop_no: int, standing: Standing, code: str | None, host: str | None) -> MendGroup | None:
        """Return the group of this name, None where no image belongs to it any more."""
        return next((each for each in await self.groups(shop_no) if each.is_named(standing, code, host)), None)

    async def images(self, shop_no: int, group: MendGroup, after: bytes, limit: int) -> list[ImageRow]:
        """Return up to `limit` images of a group, by id, after an id."""
        return await self._rows.images(shop_no, group.mends, after, limit)

    async def products(self, shop_no: int, after: str, limit: int) -> list[tuple[PicturelessProduct, Standing]]:
        """Return up to `limit` products without any picture, by product id, after one; and who has to act for each."""
        found, blame = await asyncio.gather(self._rows.products(shop_no, after, limit), self._suspicions.blame())
        return [(product, product.standing(blame)) for product in found]

    async def search(self, shop_no: int, text: str, limit: int) -> list[ImageRow]:
        """Return up to `limit` images of the shop that the text may mean."""
        return await self._rows.search(shop_no, text, limit)

    async def picture(self, shop_no: int, image_id: bytes) -> Picture | None:
        """Return where one picture stands, None if nothing was ever asked for it."""
        key = (shop_no, image_id)
        row = (await self._repository.load([key])).get(key)
        if row is None:
            return None
        history, blame = await asyncio.gather(self._repository.history(key, _TIMELINE), self._suspicions.blame())
        source = (shop_no, row.source_host or "")
        records = await self._sources.of(source) if row.source_host else []
        return picture_of(row, history, blame, deferral({record.key: record for record in records}, source))

    async def retry(self, shop_no: int, group: MendGroup, actor: Actor) -> Retried | Refused:
        """Have every image of a group tried again; only what the shop itself can mend."""
        if not group.may_be_retried or group.code is None:
            return Refused("Only pictures that you have mended can be tried again; the others are tried without you.")
        hosts = (group.host,) if group.host is not None else ()
        chosen = Selection(shops=(shop_no,), states=(SelectedState.FAILED,), codes=(group.code,), hosts=hosts)
        return await self._start(chosen, f"{group.code}@{group.host or '-'}", actor)

    async def retry_one(self, shop_no: int, image_id: str, actor: Actor) -> Retried | Refused:
        """Have one failed image tried again; only what the shop itself can mend."""
        picture = await self.picture(shop_no, image_id.encode())
        if picture is None or not picture.may_be_retried:
            return Refused(NOTHING_LEFT)
        ref = ImageRef(shop_no=shop_no, image_id=image_id)
        return await self._start(Selection(states=(SelectedState.FAILED,), images=(ref,)), f"image {image_id}", actor)

    async def _start(self, selection: Selection, what: str, actor: Actor) -> Retried | Refused:
        slot = int((await self._clock.now()).timestamp() // RETRIED_EVERY.total_seconds())
        key = f"retry {selection.digest.hex()[:32]} {slot}"
        planned = await self._control.plan(Draft(selection, reason=f"The shop asked for it: {what}"[:500], request_key=key), actor)
        if isinstance(planned, Refused):
            return planned
        counts = planned.counts
        if planned.run.started_at is not None:
            return Refused(JUST_TRIED)
        if not counts.to_begin:
            return Refused(PAUSED if counts[ItemStatus.SHOP_PAUSED] else NOTHING_LEFT)
        started = await self._control.start(planned.run.number, actor, typed=counts.to_begin)
        if isinstance(started, Refused):
            return started
        return _retried(planned)


def _retried(planned: RunOverview) -> Retried:
    return Retried(planned.run.number, planned.counts.to_begin, planned.counts.skipped)
