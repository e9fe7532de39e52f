"""What to tell somebody who was woken: per cause, what is safe, what it likely is, what to do, whether it heals by itself."""

from dataclasses import dataclass
from typing import Final

from faust_app.core.alert import Alert, FaultKind, Severity, fault_kind
from faust_app.core.failure import FailureCode


@dataclass(frozen=True, slots=True)
class Advice:
    """One sentence each; `what` is the headline, without time and place."""

    what: str
    safe: str
    cause: str
    step: str
    heals: str


_WAITS: Final = "attempts spent 0, lost 0; every image waits in Kafka or in its worker, requests are taken."
_GOES_ON: Final = "yes; workers probe it every 5 to 60 seconds and go on by themselves."
_SHOWN: Final = "what was shown stays shown, lost 0; every failed image has its dead letter."
_STAYS: Final = "no; a failed image stays FAILED until it is sent again."

_FAULTS: Final = {
    FaultKind.DEPENDENCY_STORAGE: Advice(
        "Object storage does not do its part",
        _WAITS,
        "storage is down or overloaded, its keys were changed, or the bucket is gone.",
        "check the storage service and S3_ENDPOINT_URL, S3_BUCKET and the keys; {ready} names the reason.",
        _GOES_ON,
    ),
    FaultKind.DEPENDENCY_DATABASE: Advice(
        "The database does not do its part",
        "attempts spent 0, lost 0; what was accepted is committed; new requests over HTTP are answered with 503.",
        "the server is down, fails over, has no connection left, or is read-only.",
        "check the database server and DATABASE_URL; nothing is taken over HTTP until it is back, so this one is urgent.",
        _GOES_ON,
    ),
    FaultKind.DEPENDENCY_KAFKA: Advice(
        "Kafka does not acknowledge",
        "attempts spent 0, lost 0; requests are taken into their rows and sent when it is back.",
        "a broker is down, fewer replicas are in sync than required, or a disk is full.",
        "check the brokers and KAFKA_URL; {ready} names the reason.",
        _GOES_ON,
    ),
    FaultKind.EGRESS: Advice(
        "Sources of many shops cannot be reached from here",
        "attempts spent 0, lost 0; no shop is blamed, its images wait.",
        "our own network: DNS, a firewall, or the way out.",
        "resolve and open any public address from the workers' machines.",
        _GOES_ON,
    ),
    FaultKind.BUG_BRAKE: Advice(
        "A worker stopped itself: too many images meet an error of ours",
        "the worker dead-letters nothing more, lost 0; its images wait in Kafka.",
        "a bad release, if this began with a deploy; the worker's log has the tracebacks.",
        "roll back, or deploy a mended version: a new version lifts the brake.",
        "no; the brake holds over a restart until it is lifted.",
    ),
    FaultKind.WORKER_STALLED: Advice(
        "A worker had work, did none of it, and ended itself",
        "attempts spent 0, lost 0; what it held was not acknowledged and goes to another worker.",
        "a consumer that stopped without dying, or code that never returns; its log has the stacks of all tasks and threads.",
        "see that its process manager started it again; give its log to a developer, it can wait for the morning unless it repeats.",
        "yes, if a process manager starts it again (exit code 75).",
    ),
    FaultKind.SHOP_BUG: Advice(
        "The images of one shop meet an error of ours and are parked",
        "attempts spent 0, lost 0; all other shops go on.",
        "an input we did not foresee; the worker's log has the traceback.",
        "give the traceback to a developer; it can wait for the morning.",
        "only if the input changes; one image a minute is tried.",
    ),
    FaultKind.HOST_DOWN: Advice(
        "A source of several shops does not answer",
        "attempts spent 0, lost 0; its images are parked, all other sources go on.",
        "the source is down or overloaded, or its name no longer resolves.",
        "open an address of it in a browser; tell the shops if it stays down, it can wait for the morning.",
        "yes; one image a minute is tried. After 24 hours its images fail.",
    ),
    FaultKind.HOST_BLOCKS: Advice(
        "A source of several shops refuses us",
        "attempts spent 0, lost 0; its images are parked, all other sources go on.",
        "a firewall or bot filter of the source dislikes our user agent or address.",
        "ask the source's owner to allow the user agent shop-images and our addresses; it can wait for the morning.",
        "yes, once it lets us in; one image a minute is tried. After 24 hours its images fail.",
    ),
    FaultKind.SHOP_HOST_DOWN: Advice(
        "The source of one shop does not answer, or refuses us",
        "attempts spent 0, lost 0; its images are parked.",
        "the shop's server is down, overloaded, or refuses our user agent.",
        "tell the shop if it stays so.",
        "yes; one image a minute is tried. After 24 hours its images fail.",
    ),
    FaultKind.LOST: Advice(
        "Events of images were lost and are published again",
        "lost for good 0; their rows know them, and the rescue republishes them.",
        "a topic was made anew, offsets were reset, or records expired before they were read.",
        "`shop-images status` counts them; ask who changed topics or offsets.",
        "yes; the rescue republishes 200 images a second.",
    ),
    FaultKind.LATE_JOBS: Advice(
        "A duty is late: what is due is not done",
        "lost 0; what is due stays in its rows.",
        "no process runs the duty, or each of its runs fails.",
        "check that worker and web run, and their logs for `duty failed`.",
        "yes, as soon as a process runs the duty.",
    ),
    FaultKind.DATABASE_WENT_BACK: Advice(
        "The database is older than the bucket",
        "no more is lost: nothing is deleted from the bucket; images are taken and stored as ever.",
        "the database was set back to a backup: rows may show objects that are gone, and requests since then are forgotten.",
        "run `shop-images recover --dry-run`, then `shop-images recover`; ask the shops to send again what they sent since the backup.",
        "no; the collector waits for `shop-images recover`.",
    ),
    FaultKind.TOO_MUCH_GARBAGE: Advice(
        "The collector stopped: far more is to be deleted than on any usual day",
        "lost 0: nothing is deleted from the bucket; images are taken and stored as ever.",
        "a shop was emptied or imported anew; or a mistake is about to delete what is needed.",
        "`shop-images garbage` tells how much of which shops; if that is meant, `shop-images garbage --delete-anyway`.",
        "no; what is due waits for that command.",
    ),
}

_OF_THE_SOURCE: Final = (
    "the shop's server is down or overloaded.",
    "open an address in a browser; when it answers again, send the images again.",
)
_NOT_LET_IN: Final = (
    "a login, firewall or bot filter in front of the shop's images.",
    "ask the shop to allow the user agent shop-images; then send the images again.",
)
_NOT_THERE: Final = (
    "the shop moved or deleted its images; often its catalogue is older than its files.",
    "ask the shop for a new catalogue and import it.",
)

_CODES: Final = {
    FailureCode.SOURCE_REFUSED.value: _NOT_LET_IN,
    FailureCode.SOURCE_UNAUTHORIZED.value: _NOT_LET_IN,
    FailureCode.SOURCE_FORBIDDEN.value: _NOT_LET_IN,
    FailureCode.SOURCE_NOT_FOUND.value: _NOT_THERE,
    FailureCode.SOURCE_GONE.value: _NOT_THERE,
    FailureCode.SOURCE_BUSY.value: _OF_THE_SOURCE,
    FailureCode.SOURCE_ERROR.value: _OF_THE_SOURCE,
    FailureCode.SOURCE_TIMEOUT.value: _OF_THE_SOURCE,
    FailureCode.SOURCE_UNREACHABLE.value: _OF_THE_SOURCE,
    FailureCode.SOURCE_RESET.value: _OF_THE_SOURCE,
    FailureCode.INTERNAL_ERROR.value: (
        "a bug of ours; a bad release, if this began with a deploy.",
        "read the traceback in the workers' logs (`image failed unexpectedly`); roll back if a deploy began it.",
    ),
}
_TELL_THE_SHOP: Final = "tell the shop what the code says; corrected images are sent again."
_ASK_A_DEVELOPER: Final = "look into the workers' logs and give them to a developer."


def advise(alert: Alert) -> Advice:
    """Return the advice for an alert, a general one for a cause that only a newer release knows."""
    kind = fault_kind(alert)
    if kind is not None:
        return _FAULTS[kind]
    if alert.is_fault:
        return Advice(f"Fault {alert.code}", "lost 0.", "a newer release reports this and knows more.", _ASK_A_DEVELOPER, "unknown.")
    if alert.is_of_records:
        return Advice(
            f"Records cannot be used: {alert.code.replace('_', ' ')}",
            "no row was changed, lost 0; each record is in the dead letters as it came.",
            sentence_of(alert.code),
            "read the dead letters (topic `dead-letter`, header `shop-images-code`) and tell whoever sent them what the detail says.",
            "no; a corrected record has to be sent again.",
        )
    cause, step = _CODES.get(alert.code, (None, None))
    ours = alert.severity is Severity.PLATFORM
    return Advice(
        f"Images fail: {alert.code.replace('_', ' ')}",
        _SHOWN,
        cause or sentence_of(alert.code),
        step or (_ASK_A_DEVELOPER if ours else _TELL_THE_SHOP),
        _STAYS,
    )


def sentence_of(code: str) -> str:
    """Return what a failure code or a kind of fault means, in a sentence."""
    faults = {kind.value: _FAULTS[kind].what + "." for kind in FaultKind}
    codes = {known.value: known.sentence for known in FailureCode}
    return codes.get(code) or faults.get(code) or "The dead letters tell the detail."
