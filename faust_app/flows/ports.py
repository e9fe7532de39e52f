"""The outside as the flows see it: small Protocols, each with a fake and a real implementation under one contract suite."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol, TypeVar

from faust_app.core.alert import Alert, FaultKind, PlatformFault
from faust_app.core.alert_message import AlertMessage, Delivered, Undelivered, WaitingMessage
from faust_app.core.alert_step import Standing, Step
from faust_app.core.alert_text import Reach
from faust_app.core.changes import Decide, IntakeOffset
from faust_app.core.collection import CollectorState, GarbageCounts
from faust_app.core.content import Fetched, ImageFacts, NotModified, Validators
from faust_app.core.digest import DigestCounts, Span
from faust_app.core.failure import RecordRefused, Unavailable
from faust_app.core.image import Folder, ImageKey, ImageRow, Position
from faust_app.core.job_run import FinishedRun, RunResult
from faust_app.core.months import Month
from faust_app.core.outcome import Garbage, HistoryEntry
from faust_app.core.record import Message
from faust_app.core.stall import PartitionOffsets, TopicPartition
from faust_app.core.stalled import Positions, RowCounts
from faust_app.core.table_growth import TableSize


class Fetcher(Protocol):
    """Downloads from the shops' sources."""

    async def fetch(self, url: str, validators: Validators) -> Fetched | NotModified:
        """Return the whole body (NotModified only if validators were given). Raises Permanent or Transient."""
        ...

    async def connects(self, origin: str) -> bool:
        """Tell whether the origin (scheme, host, port, `/`) lets us connect, whatever it answers."""
        ...


class ImageCheck(Protocol):
    """Tells what bytes are."""

    async def check(self, content: bytes) -> ImageFacts:
        """Return the facts of a storable image. Raises Permanent."""
        ...


class ObjectStore(Protocol):
    """The bucket. Every method raises Unavailable when storage does not do its part."""

    async def put(self, key: str, content: bytes, *, content_type: str, sha256: str, metadata: dict[str, str]) -> None:
        """Store the bytes under the key; `sha256` is their digest in hex; the same key may be put again."""
        ...

    async def exists(self, key: str) -> bool:
        """Tell whether there is an object under the key."""
        ...

    async def read(self, key: str) -> bytes | None:
        """Return the object's bytes, None where there is none."""
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete the objects (any number); a missing one is no error."""
        ...

    def list_keys(self, prefix: str, *, after: str = "") -> AsyncIterator[str]:
        """Yield every key under the prefix that comes after `after`, in order."""
        ...

    async def list_folders(self, prefix: str) -> list[str]:
        """Return what comes between the prefix (it ends with a slash) and the next slash of each key."""
        ...

    async def presigned_url(self, key: str, seconds: int) -> str:
        """Return an address that anybody may read the object from for so many seconds."""
        ...


R = TypeVar("R")


class ImageRepository(Protocol):
    """The rows. Every method raises Unavailable when the database does not do its part.

    Unavailable after COMMIT was sent leaves the outcome open: the caller reads again, then decides.
    """

    async def load(self, keys: Sequence[ImageKey]) -> dict[ImageKey, ImageRow]:
        """Return the rows there are, as last committed."""
        ...

    async def change(
        self, keys: Sequence[ImageKey], decide: Decide[R], *, create: bool = False, offset_of: tuple[str, int] | None = None
    ) -> R:
        """Lock the rows in key order, ask `decide`, write what it says, and return its result after COMMIT.

        With `create`, `decide` sees a row of version 0 for each key without one; those it leaves are not kept. With
        `offset_of` (topic, partition) the reader's offset is locked first.
        """
        ...

    async def mark_published(self, published: Sequence[tuple[ImageRow, Position]]) -> int:
        """Write the position of rows whose lease is still the one they were published under; return how many were."""
        ...

    async def claim_due(self, limit: int, lease: timedelta) -> list[ImageRow]:
        """Take up to `limit` rows whose time has come and give the caller so long to publish them; rivals get others.

        A parked row is `woken` from then on.
        """
        ...

    async def wake_parked(self, shop_no: int, host: str | None, limit: int) -> int:
        """Let up to `limit` parked images of the shop, and of the source host where one is given, be due now."""
        ...

    async def history(self, key: ImageKey, limit: int) -> list[HistoryEntry]:
        """Return the image's newest outcomes, newest first."""
        ...

    async def intake_offset(self, topic: str, partition: int) -> IntakeOffset | None:
        """Return how far the partition of `requests` is in the rows."""
        ...

    async def now(self) -> datetime:
        """Return the database's clock, UTC without a zone."""
        ...


class GarbageRepository(Protocol):
    """What waits to be deleted from the bucket. Raises Unavailable like the rows."""

    async def due_garbage(self, limit: int) -> list[tuple[int, Garbage]]:
        """Return up to `limit` due entries with their ids, oldest first."""
        ...

    async def remove_garbage(self, ids: Sequence[int]) -> None:
        """Forget entries that are dealt with."""
        ...

    async def counts(self) -> GarbageCounts:
        """Count what is listed and what of it is due."""
        ...

    async def count_due(self, after: datetime | None, up_to: int) -> int:
        """Count entries that became due after the time, or ever, no further than to `up_to`."""
        ...

    async def listed(self, keys: Sequence[ImageKey]) -> set[str]:
        """Return every target that is listed for these images."""
        ...

    async def add_garbage(self, entries: Sequence[Garbage]) -> None:
        """List entries."""
        ...


class CollectorRow(Protocol):
    """The row of the collector. Raises Unavailable like the rows."""

    async def state(self) -> CollectorState:
        """Return what the database knows of the collector."""
        ...

    async def begin_pass(self, before: int) -> bool:
        """Count one more pass, unless another process did since `before` were read; tell whether it is counted."""
        ...

    async def catch_up(self, passes: int) -> None:
        """Count no fewer passes than these."""
        ...

    async def audited(self, key: str) -> None:
        """Keep that the bucket was looked at up to this key; an empty one begins anew."""
        ...

    async def now(self) -> datetime:
        """Return the database's clock, UTC without a zone."""
        ...

    async def images_about(self) -> int:
        """Return how many rows there are, by the database's own estimate."""
        ...


class ImageFolders(Protocol):
    """Rows by the folder of their objects. Raises Unavailable like the rows."""

    async def rows_in(self, folders: Collection[Folder]) -> dict[Folder, ImageRow]:
        """Return the rows whose objects lie in these folders."""
        ...

    async def shops(self) -> list[int]:
        """Return every shop that has rows."""
        ...

    async def page(self, shop_no: int, after: bytes, limit: int) -> list[ImageRow]:
        """Return up to `limit` rows of the shop behind an image id, in their order."""
        ...


class ConsumerOffsets(Protocol):
    """Where the workers' group stands in the image topics. Raises Unavailable when Kafka does not answer."""

    async def committed(self) -> dict[TopicPartition, PartitionOffsets]:
        """Return committed offset and log start of every partition."""
        ...

    async def ends(self) -> dict[TopicPartition, int]:
        """Return the log end of every partition."""
        ...


class GroupOffsets(ConsumerOffsets, Protocol):
    """What is asked of a group beside its offsets, without joining it. Raises Unavailable when Kafka does not answer."""

    async def members(self) -> int:
        """Return how many members the group has."""
        ...

    async def appended_at(self, offsets: Mapping[TopicPartition, int]) -> dict[TopicPartition, datetime]:
        """Return when the first record from each offset on was appended (UTC), where there is one to be read.

        It waits for seconds at most: what cannot be read in time is left out.
        """
        ...


class StalledRows(Protocol):
    """Unfinished and failed rows, counted and listed: all, or those of one shop. Raises Unavailable like the rows."""

    async def tops(self) -> dict[TopicPartition, int]:
        """Return the highest position that a row has in each place."""
        ...

    async def counts(self, stalled_after: timedelta, shop_no: int | None) -> tuple[datetime, RowCounts]:
        """Return the database's clock (UTC) and all counts but those of lost rows."""
        ...

    async def lost(
        self, where: Sequence[Positions], counts: RowCounts, young_since: datetime, shop_no: int | None, limit: int
    ) -> tuple[RowCounts, list[ImageRow]]:
        """Return the counts with those of the lost rows, and up to `limit` of these rows."""
        ...

    async def old(self, open_until: datetime, shop_no: int | None, limit: int) -> list[ImageRow]:
        """Return up to `limit` rows in progress since that time or longer, the oldest first."""
        ...

    async def queued(self, where: Sequence[Positions], shop_no: int | None, limit: int) -> list[ImageRow]:
        """Return up to `limit` rows at these positions: the first of each place about alike, the oldest first."""
        ...

    async def waiting(self, shop_no: int | None, limit: int) -> list[ImageRow]:
        """Return up to `limit` rows that have a time, the next first."""
        ...

    async def failed(self, shop_no: int | None, limit: int) -> list[ImageRow]:
        """Return up to `limit` failed rows."""
        ...

    async def knows_shop(self, shop_no: int) -> bool:
        """Tell whether a request of the shop was ever accepted."""
        ...


class UnfinishedRows(Protocol):
    """Rows in progress by the position of their event. Raises Unavailable like the rows."""

    async def below(self, bounds: Mapping[TopicPartition, int], limit: int) -> list[ImageRow]:
        """Return up to `limit` rows whose position is below its partition's bound."""
        ...

    async def from_on(self, bounds: Mapping[TopicPartition, int], limit: int) -> list[ImageRow]:
        """Return up to `limit` rows whose position is at or past its partition's bound."""
        ...

    async def places(self) -> set[TopicPartition]:
        """Return every partition that a row has a position in."""
        ...


class OpenImages(Protocol):
    """Images that are in progress for long, and what was rescued. Raises Unavailable like the rows."""

    async def opened_before(self, before: datetime, after: ImageRow | None, limit: int) -> list[ImageRow]:
        """Return up to `limit` rows that are in progress since before then, oldest first, those after `after`."""
        ...

    async def rescued_since(self, since: datetime) -> dict[int, int]:
        """Return how many events were rescued after then, by shop."""
        ...


class WorkerRegister(Protocol):
    """The row of the worker that asks. Raises Unavailable like the rows."""

    async def start(self) -> str | None:
        """Enter the worker with its release; return why its intake is stopped, None where it is not.

        A stop that another release left behind is lifted.
        """
        ...

    async def report(self) -> str | None:
        """Write that the worker lives; return why its intake is stopped, None where it is not."""
        ...

    async def stop_intake(self, reason: str) -> None:
        """Keep that the worker's intake is stopped, and why."""
        ...


class EventLog(Protocol):
    """Kafka, as publishers see it."""

    clock_ahead: float | None
    """Seconds the brokers' clock is ahead of this process's; None while no acknowledgement told it."""

    async def publish(self, messages: Sequence[Message]) -> list[Position | Unavailable | RecordRefused]:
        """Publish all and wait for the acknowledgements, seconds at most; one result per message, in order."""
        ...

    async def probe(self) -> None:
        """Publish a record that nobody reads and wait for its acknowledgement. Raises Unavailable."""
        ...


class Alerts(Protocol):
    """Where a part of the process reports a fault of the platform. Neither call waits or raises."""

    def open(self, kind: FaultKind, *, detail: str = "", host: str | None = None, waiting: int = 0) -> None:
        """Say that the fault is there; again, with other facts, any time. `detail` is one line without secrets."""
        ...

    def close(self, kind: FaultKind, *, host: str | None = None) -> None:
        """Say that it is over; one that was never opened is no error."""
        ...


class Faults(Protocol):
    """The alerts of platform faults. Every method raises Unavailable when the database does not do its part."""

    async def open_fault(self, fault: PlatformFault, *, age: timedelta, told_ago: timedelta | None) -> None:
        """Count a report of the fault, once per process that has it; repeated, it only says that it still has it.

        The alert is as old as the fault. `told_ago` is how long ago people were told without the database.
        """
        ...

    async def close_fault(self, fault: PlatformFault) -> None:
        """Say that this process has the fault no more; the alert has ended when none has it. An unknown one is no error."""
        ...

    async def ping(self) -> None:
        """Do nothing but ask the database for an answer."""
        ...

    async def present(self) -> list[FaultKind]:
        """Return the kinds of faults that a process has now."""
        ...


class AlertRepository(Protocol):
    """The alerts as their sender sees them. Every method raises Unavailable when the database does not do its part."""

    async def standing(self) -> Standing:
        """Return how things stand, without a lock."""
        ...

    async def open_alerts(self, limit: int) -> list[Alert]:
        """Return the open alerts, the platform's first, then the largest."""
        ...

    async def reach(self, alerts: Sequence[Alert], now: datetime) -> dict[str, Reach]:
        """Return how far each alert reaches in its episode, by fingerprint."""
        ...

    async def digest_counts(self, span: Span) -> DigestCounts:
        """Sum up what shops lost to their own sources and files in the span."""
        ...

    async def record(self, step: Step, holder: str) -> bool:
        """Write a step of the sender; False, and nothing written, when another is the sender or things moved on."""
        ...


class AlertOutbox(Protocol):
    """The messages that wait for the messenger. Raises Unavailable like the alerts."""

    async def claim(self, lease: timedelta) -> WaitingMessage | None:
        """Take the oldest waiting message if its time has come; for so long nobody else gets it."""
        ...

    async def mark_sent(self, number: int) -> None:
        """Note that the messenger took the message."""
        ...

    async def mark_failed(self, number: int, reason: str, again: timedelta) -> None:
        """Note that it did not, and when to try again."""
        ...

    async def forget_old(self) -> int:
        """Delete a part of what is too old to keep; return how many rows went."""
        ...


class Leases(Protocol):
    """Which process runs a duty that only one should run. Raises Unavailable like the alerts."""

    async def hold(self, name: str, holder: str) -> bool:
        """Take the lease if it is free or has run out, renew it if it is ours; tell whether we hold it now."""
        ...

    async def release(self, name: str, holder: str) -> None:
        """Give the lease back, so that another need not wait for its end; one that is not ours stays."""
        ...


class JobRuns(Protocol):
    """The runs of daily jobs, one for each job and date. Raises Unavailable like the alerts."""

    async def last(self, job: str) -> tuple[datetime, FinishedRun | None]:
        """Return the database's clock and the newest run that was finished."""
        ...

    async def finished_before(self, job: str, before: datetime) -> FinishedRun | None:
        """Return the newest run that was finished by then."""
        ...

    async def hold(self, job: str, day: date, holder: str) -> bool:
        """Take the run of the day if nobody is at it and it is not done, renew it if it is ours; tell whether it is.

        A run is its holder's for 30 seconds from when it was last asked for.
        """
        ...

    async def finish(self, job: str, day: date, holder: str, result: RunResult) -> bool:
        """Note that the run is done, with its message in the same transaction; False when it is no longer ours."""
        ...


class HistoryMonths(Protocol):
    """The months the history is kept in. A change gives way where it would make others wait. Raises Unavailable."""

    async def names(self) -> list[str]:
        """Return the names of the months there are, and of the last partition."""
        ...

    async def overflows(self) -> bool:
        """Tell whether there are rows later than the last month: splitting them would take long."""
        ...

    async def add(self, month: Month) -> bool:
        """Add a month behind the others; False, and nothing done, when the table is busy."""
        ...

    async def drop(self, name: str) -> bool:
        """Drop a month with all its rows; False, and nothing done, when the table is busy."""
        ...


class OldRows(Protocol):
    """Rows that are older than is kept, deleted some at a time. Raises Unavailable like the rows."""

    async def purge_tombstones(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` rows of images that were deleted before then and did not return; return how many."""
        ...

    async def oldest_garbage(self) -> datetime | None:
        """Return when the oldest garbage was, or is, due."""
        ...

    async def forget_workers(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` workers that were not seen since; return how many."""
        ...


class TableSizes(Protocol):
    """How large the tables are. Raises Unavailable like the rows."""

    async def read(self) -> list[TableSize]:
        """Return the size of every table, by name."""
        ...


class Messenger(Protocol):
    """Where messages to people go."""

    async def send(self, webhook_id: str, message: AlertMessage) -> Delivered | Undelivered:
        """Hand the message over, seconds at most; the same id again is the same message. Raises nothing."""
        ...
