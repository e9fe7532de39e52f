"""What the HTTP interface answers, as models: they are documented and checked, and built by the functions beside each handler."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"}, description="UTC, in ISO 8601 with a Z.")]
State = Literal["IN_PROGRESS", "DONE", "FAILED", "DELETED"]
Next = Annotated[int | None, Field(description="Continues the list as `before` or `after`; null at its end.")]
NextText = Annotated[str | None, Field(description="Continues the list as `after`; null at its end.")]


class Answer(BaseModel):
    """An object of an answer: it has these fields and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldError(Answer):
    """What is wrong with one field."""

    field: str
    reason: str


class ProblemAnswer(Answer):
    """A problem (RFC 9457): what is wrong, where, and what to do."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] | None = None
    reason: Annotated[str | None, Field(description="Why the shop is paused.")] = None
    until: Annotated[Time | None, Field(description="When its pause ends; null: when somebody lifts it.")] = None


class AcceptedImage(Answer):
    """What a request did: the version it made, or the one that stays."""

    version: int
    state: State
    superseded: Literal[True] | None = None
    unchanged: Literal[True] | None = None


class BatchResult(Answer):
    """What became of one item of a batch; `index` counts from 0."""

    index: int
    result: Literal["accepted", "unchanged", "superseded", "invalid"]
    image_id: str | None = None
    correlation_id: str | None = None
    version: int | None = None
    state: State | None = None
    errors: list[FieldError] | None = None


class BatchAnswer(Answer):
    """What became of a batch."""

    accepted: int
    unchanged: int
    superseded: int
    invalid: int
    items: list[BatchResult]


class Failure(Answer):
    """The last failure of an image, and what can be done."""

    code: str
    detail: str | None
    advice: str | None


class WaitingSource(Answer):
    """The host that an image waits for."""

    host: str
    failing_since: Time | None
    next_try_at: Time | None
    code: str | None
    advice: str | None


class Scheduled(Answer):
    """What an unfinished image waits for."""

    at: Time | None
    reason: str
    why: str | None
    host: str | None
    held_by: list[str] | None = None
    source: WaitingSource | None = None


class EventPosition(Answer):
    """Where the event of an image stands in Kafka."""

    topic: str
    partition: int
    offset: int


class ShownPicture(Answer):
    """What is shown; the query string of its address is left out."""

    version: int
    object_key: str
    source_url: str
    sha256: str
    bytes: int
    content_type: str
    width: int
    height: int


class TimelineEntry(Answer):
    """One line of an image's timeline."""

    at: Time | None
    version: int
    outcome: str
    code: str | None
    detail: str | None
    bytes: int | None


class ImageAnswer(Answer):
    """Where an image stands, with its timeline, newest first."""

    shop_no: int
    image_id: str
    product_id: str | None
    product_name: str | None
    sku: str | None
    state: State
    op: Literal["register", "update", "delete"]
    version: int
    external_version: int | None
    shown_version: int | None
    source_url: str | None
    requested_at: Time | None
    open_since: Time | None
    attempt: int
    scheduled: Scheduled | None
    position: EventPosition | None
    error: Failure | None
    url: str | None
    shown: ShownPicture | None
    timeline: list[TimelineEntry]
    public_url: str | None


class ListedImage(Answer):
    """An image in a list."""

    image_id: str
    product_id: str | None
    product_name: str | None
    sku: str | None
    state: State
    version: int
    external_version: int | None
    shown_version: int | None
    public_url: str | None
    error_code: str | None
    updated_at: Time | None


class ImagePage(Answer):
    """A page of a shop's images, by id."""

    images: list[ListedImage]
    next: NextText


class ImportedFileAnswer(Answer):
    """The file of an import."""

    name: str
    bytes: int
    sha256: str
    format: Literal["woocommerce", "jsonl"]
    refetch: bool


class DrainAnswer(Answer):
    """How far the images of an import are."""

    done: int
    left: Annotated[int, Field(description="Images of the shop in progress, and about how many the rest of the file has.")]
    per_s: float | None
    seconds_left: Annotated[int | None, Field(description="null: nothing is known of the rate, or nothing starts.")]
    limit: Annotated[
        Literal["source", "slots", "cap", "paused", "lane", "held", "others"] | None,
        Field(description="Why most of them wait; source: the shop's own image server, `host`, is the limit."),
    ]
    host: str | None


class ImportAnswer(Answer):
    """An import and how far it is."""

    number: Annotated[int, Field(alias="import")]
    status: Literal["running", "finished", "broken"]
    file: ImportedFileAnswer
    read_bytes: int
    accepted: int
    unchanged: int
    superseded: int
    rejected: int
    started_by: str
    release: str | None
    started_at: Time
    updated_at: Time
    ended_at: Time | None
    problem: str | None
    images: Annotated[DrainAnswer | None, Field(description="null in lists, and where none of the shop's images is in progress.")]


class ImportPage(Answer):
    """A page of imports, newest first."""

    imports: list[ImportAnswer]
    next: Next


class RejectionAnswer(Answer):
    """A request that was refused, with its line or record where it has one."""

    number: int
    at: Time
    entry_point: Literal["http", "requests", "import", "events"]
    sender: str | None
    image_id: str | None
    field: str | None
    reason: str
    of_import: Annotated[int | None, Field(alias="import")] = None
    line: int | None = None
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    bytes: int | None = None


class RejectionPage(Answer):
    """A page of rejections."""

    rejections: list[RejectionAnswer]
    next: Next


class ComparedAnswer(Answer):
    """One image of a file, compared with what is shown; one line of the answer."""

    line: int
    image_id: str | None
    source_url: str | None
    standing: Literal["shown", "old_one_shown", "failed", "under_way", "rejected", "deleted", "never_received"]
    reason: str | None
    at: Time | None


class RunAnswer(Answer):
    """A republish run; `rate` in images a second."""

    run: int
    status: Literal["planned", "running", "paused", "cancelling", "cancelled", "finished"]
    selection: dict[str, Any]
    rate: float
    reason: str | None
    planned_by: str
    planned_at: Time
    started_by: str | None
    started_at: Time | None
    ended_at: Time | None


class RunOverview(RunAnswer):
    """A republish run with the counts of its images."""

    images: int
    shops: int
    to_begin: int
    seconds_left: float
    needs_typed_count: bool
    matched: dict[str, int]
    outcome: dict[str, int]
    skipped: dict[str, int]


class RunPage(Answer):
    """A page of runs, newest first."""

    runs: list[RunAnswer]
    next: Next


class RunImage(Answer):
    """An image of a run."""

    shop_no: int
    image_id: str
    planned_version: int
    version: int | None
    former_state: State
    former_code: str | None
    code: str | None


class RunImagePage(Answer):
    """A page of a run's images of one status."""

    images: list[RunImage]
    next: NextText


class ImageName(Answer):
    """An image by its ids."""

    shop_no: int
    image_id: str


class CauseNote(Answer):
    """A note for other operators."""

    text: str
    by: str | None
    at: Time | None


class CauseAnswer(Answer):
    """A cause of failed images, and what people decided about it."""

    fingerprint: str
    code: str
    host: str | None
    status: Literal["open", "came_back", "resolved", "ignored"]
    images: int
    shops: int
    first_at: Time | None
    last_at: Time | None
    judged_by: str | None
    sentence: str | None
    is_ours: bool
    suspected: Annotated[str | None, Field(description="Why its failures are suspected to be the platform's; null if they are not.")]
    resolved_at: Time | None
    resolved_in: str | None
    ignored_until: Time | None
    note: CauseNote | None


class CauseShop(Answer):
    """A shop with images that failed by the cause, and the letter that asks it to act."""

    shop_no: int
    images: int
    asked_by: str | None
    asked_at: Time | None
    letter: str


class CauseDetailsAnswer(CauseAnswer):
    """A cause with its shops, its failures by hour of the last day (oldest first), and some of its images."""

    shops_most_hit: list[CauseShop]
    curve: list[int]
    examples: list[ImageName]


class CausePage(Answer):
    """A page of causes, those with most images first."""

    causes: list[CauseAnswer]
    next: NextText


class AlertAnswer(Answer):
    """An open alert: whether it wakes people, how far it reaches, and who works on it."""

    fingerprint: str
    code: str
    host: str | None
    severity: Literal["platform", "shop"]
    urgency: Literal["wake", "tell"]
    what: str
    detail: str
    since: Time
    last_at: Time
    ended_at: Annotated[Time | None, Field(description="When no process had the fault any more; it closes if it does not return.")]
    count: Annotated[int, Field(description="Failed images, or processes that reported a fault.")]
    shops: int
    waiting: Annotated[int, Field(description="Images that the fault holds up.")]
    workers: list[str]
    reported_at: Time | None
    woken_at: Time | None
    taken_by: str | None
    taken_at: Time | None


class RecoveringAnswer(Answer):
    """A fault that is over, and how far the images it held up are done."""

    fingerprint: str
    since: Time
    ended_at: Time
    delayed: int
    left: int
    images_per_second: Annotated[float | None, Field(description="The measured rate; null while it is not known.")]
    time_left_s: int | None


class AlertList(Answer):
    """The open alerts, and the faults whose backlog is not done."""

    alerts: list[AlertAnswer]
    recovering: list[RecoveringAnswer]


class HealthAnswer(Answer):
    """A process that runs its event loop."""

    status: Literal["alive"]


class ReadyAnswer(Answer):
    """Whether a process can work; `degraded` is what holds up others."""

    ready: bool
    reasons: list[str]
    degraded: list[str]


class LagTopicScheduled(Answer):
    """Rows that wait for their time."""

    rows: int
    due: int
    overdue: int
    next_at: Time | None


class LagAnswer(Answer):
    """How far the workers are behind, by consumer group, topic and partition."""

    as_of: Time | None
    age_s: float
    status: Literal["OK", "LAGGING", "STALLED", "STOPPED"]
    lag: int
    lag_seconds: float
    held_by: list[str]
    scheduled: LagTopicScheduled | None
    groups: list[dict[str, Any]]


class UnfinishedImage(Answer):
    """An image that is unfinished or failed."""

    shop_no: int
    image_id: str
    version: int
    status: str
    overdue: bool
    open_since: Time | None
    open_s: float | None
    attempt: int
    rescues: int
    scheduled: Scheduled | None
    position: EventPosition | None
    error: Failure | None


class UnfinishedAnswer(Answer):
    """Unfinished images, counted and listed, of all shops or one; `count` is those that need attention."""

    as_of: Time | None
    age_s: float
    shop_no: int | None
    stalled_after_s: float
    count: int
    lost: int
    scheduled: int
    overdue: int
    queued: int
    failed: int
    oldest_open_s: float | None
    held_by: list[str]
    scheduled_for: list[dict[str, Any]] | None = None
    items: list[UnfinishedImage]


class ShopAnswer(Answer):
    """A shop's images by state."""

    shop_no: int
    images: dict[State, int]


class WorkerAnswer(Answer):
    """A worker: how many events it holds, and what keeps it from starting any."""

    name: str
    release: str
    started_at: Time
    seen_at: Time
    stop_reason: str | None
    held: int | None
    held_by: str | None


class WorkersAnswer(Answer):
    """The workers, by name."""

    workers: list[WorkerAnswer]


class HappeningAnswer(Answer):
    """One thing that happened, with the page that says more."""

    at: Time
    kind: Literal["alert", "republish", "import", "release", "job", "log-in", "change"]
    text: str
    who: str | None
    page: str | None


class TimelineAnswer(Answer):
    """What happened, newest first; `next` continues it as `before`, null at its end."""

    happened: list[HappeningAnswer]
    next: Time | None


class ChangeAnswer(Answer):
    """What an operator changed."""

    number: int
    at: Time
    actor: str
    remote: str | None
    action: str
    target: str
    detail: dict[str, Any]


class AuditPage(Answer):
    """A page of changes, newest first."""

    changes: list[ChangeAnswer]
    next: Next


class SampleAnswer(Answer):
    """How things were in a minute; null is what was not known. `done` and `failed` are images that ended since the sample before."""

    at: Time
    behind: Annotated[int | None, Field(description="Records that no worker has finished.")]
    oldest_s: Annotated[float | None, Field(description="Age of the oldest of them in seconds.")]
    stalled: Annotated[int | None, Field(description="Images that need attention.")]
    failed_images: Annotated[int | None, Field(description="Images that are FAILED.")]
    done: int
    failed: int
    pictureless: Annotated[int | None, Field(description="Products of which a picture was sent and none is shown.")]


class SamplesAnswer(Answer):
    """Samples, oldest first, one a minute."""

    samples: list[SampleAnswer]


class FoundImage(ListedImage):
    """An image with its shop."""

    shop_no: int


class FoundProduct(Answer):
    """A product with its shop."""

    shop_no: int
    product_id: str


class FoundAnswer(Answer):
    """What a text may mean: shops with this number, products with this id, images."""

    shops: list[int]
    products: list[FoundProduct]
    images: list[FoundImage]


class FoundPage(Answer):
    """A page of images of any shop, by shop and id."""

    images: list[FoundImage]
    next: NextText
