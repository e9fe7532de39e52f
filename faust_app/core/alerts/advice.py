"""Advice per cause for an operator on call: what is safe, the likely cause, what to do, and whether it heals by itself."""

from dataclasses import dataclass
from typing import Final

from faust_app.core.alerts.alert import Alert, FaultKind, fault_kind
from faust_app.core.failure_codes import ASK_A_DEVELOPER, TELL_THE_SHOP, Severity, known_code


@dataclass(frozen=True, slots=True)
class Advice:
    """One sentence each; `what` is the headline, without time and host."""

    what: str
    safe: str
    cause: str
    step: str
    heals: str


_WAITS: Final = "attempts spent 0, lost 0; every image waits in Kafka or in its worker, and requests are accepted."
_GOES_ON: Final = "yes; workers probe it every 5 to 60 seconds and resume by themselves."
_SHOWN: Final = "shown images stay shown, lost 0; every failed image has its dead letter."
_STAYS: Final = "no; a failed image stays FAILED until it is sent again."

_FAULTS: Final = {
    FaultKind.DEPENDENCY_STORAGE: Advice(
        "Object storage is unavailable",
        _WAITS,
        "storage is down or overloaded, its credentials were changed, or the bucket is gone.",
        "check the storage service, S3_ENDPOINT_URL, S3_BUCKET and the credentials; {ready} gives the reason.",
        _GOES_ON,
    ),
    FaultKind.DEPENDENCY_DATABASE: Advice(
        "The database is unavailable",
        "attempts spent 0, lost 0; accepted requests are committed; new requests over HTTP are answered with 503.",
        "the server is down, failing over, out of connections, or read-only.",
        "check the database server and DATABASE_URL; no request is accepted over HTTP until it is back, so this is urgent.",
        _GOES_ON,
    ),
    FaultKind.DEPENDENCY_KAFKA: Advice(
        "Kafka does not acknowledge records",
        "attempts spent 0, lost 0; requests are accepted into rows and published when it is back.",
        "a broker is down, fewer replicas are in sync than required, or a disk is full.",
        "check the brokers and KAFKA_URL; {ready} gives the reason.",
        _GOES_ON,
    ),
    FaultKind.EGRESS: Advice(
        "Sources of many shops are unreachable from our network",
        "attempts spent 0, lost 0; no shop is blamed, and the images wait.",
        "our own network: DNS, a firewall, or the uplink.",
        "resolve and open any public address from the workers' machines.",
        _GOES_ON,
    ),
    FaultKind.INTERNAL_ERROR_BREAKER: Advice(
        "A worker stopped its intake: too many images hit an internal error",
        "the worker dead-letters nothing more, lost 0; its images wait in Kafka.",
        "a bad release, if this began with a deploy; the worker's log has the tracebacks.",
        "roll back, or deploy a fixed version: a new version resumes intake.",
        "no; intake stays stopped over restarts, until a new version or `shop-images resume`.",
    ),
    FaultKind.WORKER_STALLED: Advice(
        "A worker had work, made no progress, and ended itself",
        "attempts spent 0, lost 0; what it held was not acknowledged and goes to another worker.",
        "a consumer that stopped without dying, or code that never returns; its log has the stacks of all tasks and threads.",
        "check that its process manager restarted it; give its log to a developer. It can wait until morning unless it repeats.",
        "yes, if a process manager restarts it (exit code 75).",
    ),
    FaultKind.SHOP_INTERNAL_ERRORS: Advice(
        "The images of one shop hit an internal error and are deferred",
        "attempts spent 0, lost 0; other shops are not affected.",
        "an unforeseen input; the worker's log has the traceback.",
        "give the traceback to a developer; it can wait until morning.",
        "only if the input changes; one image a minute is tried.",
    ),
    FaultKind.HOST_DOWN: Advice(
        "A source does not answer",
        "attempts spent 0, lost 0; its images are deferred, other sources are not affected.",
        "the source is down or overloaded, or its name no longer resolves.",
        "open one of its addresses in a browser; tell the shops if it stays down. It can wait until morning.",
        "yes; one image a minute is tried. After 24 hours its images fail.",
    ),
    FaultKind.HOST_BLOCKS: Advice(
        "A source refuses us",
        "attempts spent 0, lost 0; its images are deferred, other sources are not affected.",
        "a firewall or bot filter of the source rejects our user agent or address.",
        "ask the source's owner to allow the user agent shop-images and our addresses; it can wait until morning.",
        "yes, once it admits us; one image a minute is tried. After 24 hours its images fail.",
    ),
    FaultKind.SHOP_HOST_DOWN: Advice(
        "The source of one shop does not answer, or refuses us",
        "attempts spent 0, lost 0; its images are deferred.",
        "the shop's server is down, overloaded, or refuses our user agent.",
        "tell the shop if it persists.",
        "yes; one image a minute is tried. After 24 hours its images fail.",
    ),
    FaultKind.LOST: Advice(
        "Image events were lost and are republished",
        "lost for good 0; their rows are intact, and the rescue republishes them.",
        "a topic was recreated, offsets were reset, or records expired before they were read.",
        "`shop-images status` counts them; find out who changed topics or offsets.",
        "yes; the rescue republishes up to 200 images a second.",
    ),
    FaultKind.LATE_JOBS: Advice(
        "A maintenance task is late: due work is not done",
        "lost 0; due work stays in its rows.",
        "no process runs the task, or each of its runs fails.",
        "check that worker and web run, and search their logs for `task failed`.",
        "yes, as soon as a process runs the task.",
    ),
    FaultKind.DATABASE_WENT_BACK: Advice(
        "The database is older than the bucket",
        "nothing more is lost: no object is deleted from the bucket; images are accepted and stored as usual.",
        "the database was restored from a backup: rows may show objects that are gone, and requests since then are missing.",
        "run `shop-images recover --dry-run`, then `shop-images recover`; ask the shops to resend what they sent since the backup.",
        "no; the collector waits for `shop-images recover`.",
    ),
    FaultKind.TOO_MUCH_GARBAGE: Advice(
        "The garbage collector stopped: far more than usual is due for deletion",
        "lost 0: no object is deleted from the bucket; images are accepted and stored as usual.",
        "a shop was emptied or imported again, or a mistake is about to delete objects that are needed.",
        "`shop-images garbage` shows how much is due of which shops; if it is intended, run `shop-images garbage --delete-anyway`.",
        "no; deletion waits for that command.",
    ),
    FaultKind.SUSPECTED_OURS: Advice(
        "A new release is suspected to fail images that are good",
        "shown images stay shown, lost 0; no shop is blamed for these failures meanwhile.",
        "the release checks or fetches images in another way than the one before it.",
        "open one of its images; if it is good, roll back and republish what failed; then say on the page of the cause whose fault it is.",
        "no; it ends with the release, or when its share of the failures is as before.",
    ),
    FaultKind.STATISTICS_LATE: Advice(
        "Daily statistics are not loaded",
        "lost 0; reports count the days from the history, more slowly, and the images are not affected.",
        "the statistics store is down, its disk is full, or the process `stats` does not run.",
        "check the process `stats` and CLICKHOUSE_URL; `shop-images load-statistics` loads at once and gives the reason. It can wait.",
        "yes; every day that is missing is loaded as soon as the store answers.",
    ),
    FaultKind.STATISTICS_CHANGED: Advice(
        "Figures of past days changed",
        "images lost 0; figures of a closed month stay as they were closed.",
        "rows of the history were changed or deleted by hand, or the database was restored from a backup.",
        "read /admin/statistics: days of an open month were loaded again, those of a closed month wait for your decision.",
        "it ends with the next night in which nothing changed.",
    ),
}


def advise(alert: Alert) -> Advice:
    """Return the advice for an alert; a general one for a cause that only a newer release knows."""
    kind = fault_kind(alert)
    if kind is not None:
        return _FAULTS[kind]
    if alert.is_fault:
        return Advice(f"Fault {alert.code}", "lost 0.", "a newer release reports this and can explain it.", ASK_A_DEVELOPER, "unknown.")
    if alert.is_of_records:
        return Advice(
            f"Records cannot be used: {alert.code.replace('_', ' ')}",
            "no row was changed, lost 0; each record is in the dead letters as it was received.",
            sentence_of(alert.code),
            "read the dead letters (topic `dead-letter`, header `shop-images-code`) and tell their sender what the detail says.",
            "no; the sender has to send a corrected record.",
        )
    code = known_code(alert.code)
    what = f"Images fail: {alert.code.replace('_', ' ')}"
    if code is None:
        step = ASK_A_DEVELOPER if alert.severity is Severity.PLATFORM else TELL_THE_SHOP
        return Advice(what, _SHOWN, sentence_of(alert.code), step, _STAYS)
    return Advice(what, _SHOWN, code.remedy.cause, code.remedy.step, _STAYS)


def sentence_of(code: str) -> str:
    """Return the meaning of a failure code or a kind of fault, in one sentence."""
    faults = {kind.value: _FAULTS[kind].what + "." for kind in FaultKind}
    known = known_code(code)
    return known.sentence if known is not None else faults.get(code) or "The dead letters have the details."
