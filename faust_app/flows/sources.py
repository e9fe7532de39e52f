"""The shops' sources as a worker meets them: which are left alone for a while, and whether our own network is to blame."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from faust_app.core.breaker import CALL_SECONDS, network_is_away
from faust_app.core.failure import Dependency, Failure, FailureCode, Unavailable
from faust_app.core.image import ImageRow, source_origin
from faust_app.core.outcome import Failed, Park
from faust_app.core.source_health import PARK_SECONDS, Source, SourceHealth
from faust_app.core.source_pace import SourcePace
from faust_app.core.window import Window
from faust_app.flows.breakers import Breaker
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.ports.outside import Fetcher
from faust_app.flows.wake import wake

log = structlog.get_logger()

UNREACHED: Final = {FailureCode.SOURCE_UNKNOWN_HOST, FailureCode.SOURCE_UNREACHABLE, FailureCode.SOURCE_TIMEOUT}
"""Failures that may be our own network's."""
UNWELL: Final = UNREACHED | {
    FailureCode.SOURCE_TOO_SLOW,
    FailureCode.SOURCE_TLS,
    FailureCode.BAD_CERTIFICATE,
    FailureCode.SOURCE_ERROR,
    FailureCode.SOURCE_UNAUTHORIZED,
    FailureCode.SOURCE_FORBIDDEN,
}
"""Failures of a whole host: it is down, or it has something against us."""
BLOCKING: Final = {FailureCode.SOURCE_UNAUTHORIZED, FailureCode.SOURCE_FORBIDDEN}
"""Those by which a host says that it does not want us."""

PATIENCE: Final = timedelta(hours=24)
"""How long images wait for their host before they fail, counted from when they were accepted."""
DOUBT_SECONDS: Final = 2.0
"""How long a failure waits for others of its kind, so that an outage of our network costs no image an attempt."""
_RECENT: Final = 6


class Sources:
    """Admits, blames and reopens. `jitter` draws the factor that spreads parked images."""

    def __init__(self, repository: ImageRepository, fetcher: Fetcher, pace: SourcePace, jitter: Callable[[], float]) -> None:
        self._repository = repository
        self._fetcher = fetcher
        self._pace = pace
        self._jitter = jitter
        self._health = SourceHealth()
        self._fetches = Window(CALL_SECONDS)
        self._reached_at = float("-inf")
        self._decided: asyncio.Future[None] | None = None
        self._recent: OrderedDict[str, None] = OrderedDict()
        self._waking: set[Source] = set()
        self.egress: Breaker | None = None
        """The breaker of our own way out; without one every failure is the source's."""
        self.on_parked: Callable[[str, Failure, bool], None] = lambda _host, _failure, _for_all: None
        """Told of a parked host, why, and whether it is parked for every shop."""
        self.on_answered: Callable[[str], None] = lambda _host: None
        """Told of a parked host that answers again."""

    def admit(self, row: ImageRow) -> Park | Failed | None:
        """Return what becomes of an image whose source is left alone, None where it may be fetched."""
        source = _source(row)
        if self._health.admits(source, _now()):
            return None
        code = self._health.code(source)
        if row.open_since is not None and datetime.now(UTC).replace(tzinfo=None) - row.open_since >= PATIENCE:
            given_up = FailureCode.SOURCE_BLOCKED if code in BLOCKING else FailureCode.HOST_DOWN
            return Failed(row, given_up, f"The host failed for over {PATIENCE.days * 24} hours. {code.sentence if code else ''}")
        return Park(row, timedelta(seconds=PARK_SECONDS * self._jitter()), code, f"The host {source[1]} is left alone for some minutes.")

    def answered(self, row: ImageRow) -> None:
        """Note that the source answered, whatever it said of the image."""
        source = _source(row)
        now = _now()
        self._fetches.add(now, bad=False)
        self._reached_at = now
        self._remember(row)
        self._settle_doubts()
        if shops := self._health.answered(source):
            self._waking |= {(shop, source[1]) for shop in shops}
            log.info("source answers again", host=source[1], shops=len(shops))
            self.on_answered(source[1])

    async def failed(self, row: ImageRow, failure: Failure) -> Failure:
        """Note a failure and return whose it is: the source's, as it came, or our network's, as Unavailable."""
        if failure.code not in UNWELL:
            self.answered(row)
            return failure
        if failure.code in UNREACHED and await self._is_ours(row):
            return Unavailable(Dependency.EGRESS, failure.detail)
        source = _source(row)
        if self._health.failed(source, failure.code, _now()):
            for_all = self._health.is_parked_for_all(source[1])
            log.warning("source parked", shop_no=source[0], host=source[1], code=failure.code.value, for_all=for_all)
            self.on_parked(source[1], failure, for_all)
        return failure

    async def run_pass(self) -> None:
        """Wake what was reopened, one image of each source that is due for a probe, and what was put off too far.

        Raises Unavailable.
        """
        await wake(self._repository, self._waking, self._health.probes_due(_now()))
        await self._call_back()

    async def _call_back(self) -> None:
        """Wake the next images of sources that run out of events here while others of theirs are put off."""
        now = _now()
        for source, count in self._pace.to_call_back(now):
            if self._health.is_parked(source):
                continue
            if await self._repository.wake_parked(source[0], source[1], count) < count:
                self._pace.called_back_all(source, now)

    async def reach_anybody(self) -> None:
        """Raise Unavailable unless one of the hosts met last lets us connect: the probe of our own network."""
        origins = list(self._recent)
        if origins and not any(await asyncio.gather(*(self._fetcher.connects(origin) for origin in origins))):
            raise Unavailable(Dependency.EGRESS, f"None of {len(origins)} hosts can be reached.")

    async def _is_ours(self, row: ImageRow) -> bool:
        """Decide whether our network is to blame, with a little time for others to fail or to get through."""
        failed_at = _now()
        self._remember(row)
        self._fetches.add(failed_at, bad=True, shop=row.shop_no, host=row.source_host)
        if self.egress is None:
            return False
        if network_is_away(self._fetches.tally(failed_at)):
            self.egress.open("too many sources cannot be reached at once")
            self._settle_doubts()
        if not self.egress.is_open and self._reached_at < failed_at - 1.0:
            await self._doubt()
        return self.egress.is_open

    async def _doubt(self) -> None:
        if self._decided is None or self._decided.done():
            self._decided = asyncio.get_running_loop().create_future()
        await asyncio.wait([self._decided], timeout=DOUBT_SECONDS)

    def _settle_doubts(self) -> None:
        if self._decided is not None and not self._decided.done():
            self._decided.set_result(None)

    def _remember(self, row: ImageRow) -> None:
        if row.source_url is None:
            return
        origin = source_origin(row.source_url)
        self._recent[origin] = None
        self._recent.move_to_end(origin)
        if len(self._recent) > _RECENT:
            self._recent.popitem(last=False)


def _source(row: ImageRow) -> Source:
    return row.shop_no, row.source_host or ""


def _now() -> float:
    return asyncio.get_running_loop().time()
