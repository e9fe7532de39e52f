"""The table of failure codes. A new code is one row here, and a test fails until its page says the same.

The fields of a row have no defaults: mypy, and Python, refuse a code that lacks one.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self


class FailureClass(StrEnum):
    """What happens next to the image."""

    PERMANENT = "permanent"  #: it fails: trying again is useless
    CONFIRMED = "permanent once confirmed"  #: it fails if a second look a minute later finds the same
    TRANSIENT = "transient"  #: it is tried again, a few times
    UNAVAILABLE = "unavailable"  #: it waits, and no attempt is spent
    BUG = "bug"  #: it is tried again like a transient failure; a release that meets many stops its worker


class Severity(StrEnum):
    """Who has to act, and how soon."""

    PLATFORM = "platform"  #: the operator, at once
    SHOP = "shop"  #: the shop, in the daily digest unless it is hit hard


class Fault(StrEnum):
    """Whose fault a failure is. What is held against a source follows from it."""

    IMAGE = "image"  #: this image's address, its file, or one transfer; its source is well
    HOST_SILENT = "silent host"  #: the host's, and nothing was heard of it: it may be our own network too
    HOST = "host"  #: the host's, whatever shop asks
    SOURCE = "source"  #: the source's, whatever this shop asks for
    SOURCE_BLOCKS = "blocking source"  #: the source's: it does not want us
    SOURCE_GIVEN_UP = "source given up"  #: the source's, for over a day: how an image ends, and no answer to a fetch
    SENDER = "sender"  #: that of whoever wrote the record
    DEPENDENCY = "dependency"  #: a dependency's of ours
    RELEASE = "release"  #: our own code's


@dataclass(frozen=True, slots=True)
class Remedy:
    """For an operator who reads of many such failures: the likely cause, and what to do, one sentence each."""

    cause: str
    step: str


@dataclass(frozen=True, slots=True)
class Row:
    """One failure code. `code` is the contract (rows, headers, metrics); `sentence` tells the shop what happened and what to do."""

    code: str
    kind: FailureClass
    severity: Severity
    fault: Fault
    sentence: str
    remedy: Remedy


_PERMANENT: Final = FailureClass.PERMANENT
_TRANSIENT: Final = FailureClass.TRANSIENT
_UNAVAILABLE: Final = FailureClass.UNAVAILABLE
_PLATFORM: Final = Severity.PLATFORM
_SHOP: Final = Severity.SHOP

_DOWN: Final = Remedy("the shop's server is down or overloaded.", "open an address in a browser; when it answers again, resend the images.")
_NOT_LET_IN: Final = Remedy(
    "a login, firewall or bot filter in front of the shop's images.",
    "ask the shop to allow the user agent shop-images; then resend the images.",
)
_NOT_THERE: Final = Remedy(
    "the shop moved or deleted its images; often its catalogue is older than its files.", "ask the shop for a new catalogue and import it."
)
TELL_THE_SHOP: Final = "tell the shop what the code means; it has to resend corrected images."
_ORIGINALS: Final = Remedy("the shop offers originals, or photographs for print.", "tell the shop to export them smaller and resend them.")
ASK_A_DEVELOPER: Final = "check the workers' logs and give them to a developer."
_OUTAGE: Final = Remedy("an outage, which has an alert of its own.", "follow that alert; the images continue by themselves.")


class FailureCode(StrEnum):
    """Why an image is not stored. The value is the code; the other fields of its row are attributes."""

    kind: FailureClass
    severity: Severity
    fault: Fault
    sentence: str
    remedy: Remedy

    def __new__(cls, row: Row) -> Self:
        """Make a member of a row: anything less is no failure code."""
        member = str.__new__(cls, row.code)
        member._value_ = row.code
        member.kind, member.severity, member.fault = row.kind, row.severity, row.fault
        member.sentence, member.remedy = row.sentence, row.remedy
        return member

    # A table: the formatter would give each cell a line.
    # fmt: off
    SOURCE_REFUSED = Row("source_refused", _PERMANENT, _SHOP, Fault.IMAGE,
        "The source refuses the request. Check that the address can be opened in a browser.", _NOT_LET_IN)
    SOURCE_UNAUTHORIZED = Row("source_unauthorized", _PERMANENT, _SHOP, Fault.SOURCE_BLOCKS,
        "The source asks for a login. Publish the image at an address without one.", _NOT_LET_IN)
    SOURCE_FORBIDDEN = Row("source_forbidden", FailureClass.CONFIRMED, _SHOP, Fault.SOURCE_BLOCKS,
        "The source forbids the download. Allow our user agent or publish the image elsewhere.", _NOT_LET_IN)
    SOURCE_NOT_FOUND = Row("source_not_found", FailureClass.CONFIRMED, _SHOP, Fault.IMAGE,
        "There is no image at this address. Correct the address or upload the image again.", _NOT_THERE)
    SOURCE_GONE = Row("source_gone", _PERMANENT, _SHOP, Fault.IMAGE,
        "The source says the image is gone for good. Give another address.", _NOT_THERE)
    SOURCE_BLOCKED_BY_LAW = Row("source_blocked_by_law", _PERMANENT, _SHOP, Fault.IMAGE,
        "The source withholds the image for legal reasons. Give another address.",
        Remedy("a court or an authority had the images withheld.", TELL_THE_SHOP))
    SOURCE_BUSY = Row("source_busy", _TRANSIENT, _SHOP, Fault.IMAGE,
        "The source asks to come back later.", _DOWN)
    SOURCE_ERROR = Row("source_error", _TRANSIENT, _SHOP, Fault.SOURCE,
        "The source's server fails, or answers in no way that HTTP knows.", _DOWN)
    SOURCE_TIMEOUT = Row("source_timeout", _TRANSIENT, _SHOP, Fault.HOST_SILENT,
        "The source does not answer in time.", _DOWN)
    SOURCE_TOO_SLOW = Row("source_too_slow", _TRANSIENT, _SHOP, Fault.SOURCE,
        "The source sends less than 10 kB a second. Use a faster server or a smaller file.",
        Remedy("the shop's server is overloaded, or its line is slow.", "tell the shop; when its server is faster, resend the images."))
    SOURCE_UNKNOWN_HOST = Row("source_unknown_host", _TRANSIENT, _SHOP, Fault.HOST_SILENT,
        "The host name of the source is not known. Check that it is written right.",
        Remedy("the name is misspelled, or its domain has expired.", "look the name up and tell the shop; then resend the images."))
    SOURCE_UNREACHABLE = Row("source_unreachable", _TRANSIENT, _SHOP, Fault.HOST_SILENT,
        "No connection to the source. Check that its server is up and lets us in.", _DOWN)
    SOURCE_TLS = Row("source_tls", _TRANSIENT, _SHOP, Fault.HOST,
        "No secure connection to the source. Check that its https works with a browser of today.",
        Remedy("the server offers outdated TLS only, or is set up wrongly.", "tell the shop; when its https works, resend the images."))
    SOURCE_RESET = Row("source_reset", _TRANSIENT, _SHOP, Fault.IMAGE,
        "The source broke off the transfer.", _DOWN)
    SOURCE_SHORT = Row("source_short", _TRANSIENT, _SHOP, Fault.IMAGE,
        "The source sent less than it announced.",
        Remedy("a proxy or a script in front of the shop's images cuts them off.", "tell the shop; when it is fixed, resend the images."))
    BAD_ADDRESS = Row("bad_address", _PERMANENT, _SHOP, Fault.IMAGE,
        "The address of the image is not one we can fetch. Use http or https with a public host.",
        Remedy("addresses of the shop's catalogue are incomplete or misspelled.", "ask the shop for a corrected catalogue and import it."))
    ADDRESS_REFUSED = Row("address_refused", _PERMANENT, _SHOP, Fault.IMAGE,
        "The host is not on the public internet. Publish the image on a public server.",
        Remedy("the host is in a private network, like a server for tests.",
               "tell the shop to publish its images; SOURCE_ALLOW opens a server of the platform's own."))
    PORT_REFUSED = Row("port_refused", _PERMANENT, _SHOP, Fault.IMAGE,
        "The address names a port that we do not fetch from. Use an address without a port number.",
        Remedy("the shop serves its images on a port of their own.", "tell the shop to use 80 or 443; SOURCE_PORTS opens another one."))
    BAD_CERTIFICATE = Row("bad_certificate", _PERMANENT, _SHOP, Fault.HOST,
        "The certificate of the source is not valid for its name. Renew it.",
        Remedy("the certificate has expired, or is one for another name.", "tell the shop to renew it; then resend the images."))
    TOO_MANY_REDIRECTS = Row("too_many_redirects", _PERMANENT, _SHOP, Fault.IMAGE,
        "The address redirects too often. Give the final address.",
        Remedy("the shop's server redirects in a circle, or to a login.", TELL_THE_SHOP))
    TOO_LARGE = Row("too_large", _PERMANENT, _SHOP, Fault.IMAGE,
        "The file is larger than we store. Export it smaller.", _ORIGINALS)
    CONTENT_ENCODED = Row("content_encoded", _PERMANENT, _SHOP, Fault.IMAGE,
        "The source compresses the file on its way. Switch compression off for images.",
        Remedy("the shop's server compresses images like text.", "tell the shop to switch that off for images; then resend them."))
    EMPTY = Row("empty", _PERMANENT, _SHOP, Fault.IMAGE,
        "The source answers with an empty file. Upload the image again.",
        Remedy("uploads to the shop were cut off, or its disk is full.", "tell the shop to upload the images again and resend them."))
    NOT_AN_IMAGE = Row("not_an_image", _PERMANENT, _SHOP, Fault.IMAGE,
        "What the source sends is not an image. Check that the address opens a picture, not a page.",
        Remedy("the addresses lead to pages: of products, of a login, of errors.", "open one in a browser; tell the shop what it shows."))
    FORMAT_NOT_SUPPORTED = Row("format_not_supported", _PERMANENT, _SHOP, Fault.IMAGE,
        "The format is not one of JPEG, PNG, GIF, WebP and AVIF. Convert the image.",
        Remedy("the shop offers files for print, or of an image editor.", "tell the shop to convert them and resend them."))
    FORMAT_HEIC = Row("format_heic", _PERMANENT, _SHOP, Fault.IMAGE,
        "The image is a HEIC file, as phones make them; browsers do not show it. Save it as JPEG.",
        Remedy("the shop uploads photographs straight from phones.", "tell the shop to save them as JPEG and resend them."))
    FORMAT_SVG = Row("format_svg", _PERMANENT, _SHOP, Fault.IMAGE,
        "The image is an SVG drawing, which we do not store. Export it as PNG or WebP.",
        Remedy("the shop uses drawings, like logos, as images of products.", "tell the shop to export them as PNG or WebP."))
    TRUNCATED = Row("truncated", _PERMANENT, _SHOP, Fault.IMAGE,
        "The image ends in the middle. Upload it again.",
        Remedy("uploads to the shop were cut off.", "tell the shop to upload the images again and resend them."))
    IMAGE_BROKEN = Row("image_broken", _PERMANENT, _SHOP, Fault.IMAGE,
        "The image is damaged inside. Open it in an image program and export it again.",
        Remedy("the files are damaged, or were written by faulty software.", "tell the shop to export them again and resend them."))
    TOO_MANY_PIXELS = Row("too_many_pixels", _PERMANENT, _SHOP, Fault.IMAGE,
        "The image has over 40 million pixels, all frames together. Export it smaller.", _ORIGINALS)
    SIDE_TOO_LONG = Row("side_too_long", _PERMANENT, _SHOP, Fault.IMAGE,
        "The image is wider or higher than 16,384 pixels. Export it smaller.", _ORIGINALS)
    TOO_MANY_FRAMES = Row("too_many_frames", _PERMANENT, _SHOP, Fault.IMAGE,
        "The animation has over 100 frames. Shorten it, or use a still picture.",
        Remedy("the shop uses films, saved as animations.", "tell the shop to use still pictures."))
    CHECK_CRASHED = Row("check_crashed", _PERMANENT, _SHOP, Fault.IMAGE,
        "The image cannot be decoded with reasonable means. Export it again, or smaller.",
        Remedy("files made to take far too much memory or time, perhaps on purpose.", "tell the shop to export them again, or smaller."))
    UNKNOWN_VERSION = Row("unknown_version", _PERMANENT, _PLATFORM, Fault.SENDER,
        "The record names a version of the image that the database never gave.",
        Remedy("the database was restored from a backup, or a stranger writes to the image topics.", ASK_A_DEVELOPER))
    UNPARSEABLE = Row("unparseable", _PERMANENT, _PLATFORM, Fault.SENDER,
        "The record does not follow the contract of its topic.",
        Remedy("a sender that does not follow the contract, or another release of it.", ASK_A_DEVELOPER))
    SHOP_PAUSED = Row("shop_paused", _PERMANENT, _PLATFORM, Fault.SENDER,
        "The platform has paused the shop and takes nothing of it. Send the request again when it is resumed.",
        Remedy("an operator paused the shop, and it went on sending.", "see its page; after its resume, have the shop send again."))
    STORAGE_UNAVAILABLE = Row("storage_unavailable", _UNAVAILABLE, _PLATFORM, Fault.DEPENDENCY,
        "Object storage is unavailable; the image waits and is tried again.", _OUTAGE)
    DATABASE_UNAVAILABLE = Row("database_unavailable", _UNAVAILABLE, _PLATFORM, Fault.DEPENDENCY,
        "The database is unavailable; the image waits and is tried again.", _OUTAGE)
    KAFKA_UNAVAILABLE = Row("kafka_unavailable", _UNAVAILABLE, _PLATFORM, Fault.DEPENDENCY,
        "Kafka is unavailable; the image waits and is tried again.", _OUTAGE)
    EGRESS_UNAVAILABLE = Row("egress_unavailable", _UNAVAILABLE, _PLATFORM, Fault.DEPENDENCY,
        "Our own network is unavailable; the image waits and is tried again.", _OUTAGE)
    HOST_DOWN = Row("host_down", _PERMANENT, _SHOP, Fault.SOURCE_GIVEN_UP,
        "The source did not answer for over a day. When it is up again, send the image once more.", _DOWN)
    SOURCE_BLOCKED = Row("source_blocked", _PERMANENT, _SHOP, Fault.SOURCE_GIVEN_UP,
        "The source refused us for over a day. Allow our user agent, then send the image once more.", _NOT_LET_IN)
    UNSTORABLE_RESULT = Row("unstorable_result", _PERMANENT, _PLATFORM, Fault.RELEASE,
        "The database refuses a value that came with this image. It is an error of ours: report it with its detail.",
        Remedy("a value of these images does not fit its column.", "give the detail of one to a developer."))
    LOST_REPEATEDLY = Row("lost_repeatedly", _PERMANENT, _PLATFORM, Fault.RELEASE,
        "Workers lose this image again and again; their logs tell why. Send it again after the cause is fixed.",
        Remedy("these images end the workers that fetch them, or workers are killed again and again.", ASK_A_DEVELOPER))
    INTERNAL_ERROR = Row("internal_error", FailureClass.BUG, _PLATFORM, Fault.RELEASE,
        "An error of ours. The log of the worker has its traceback.",
        Remedy("a bug in shop-images; a bad release, if this began with a deploy.",
               "read the traceback in the workers' logs (`image failed unexpectedly`); roll back if this began with a deploy."))
    # fmt: on


def known_code(value: str | None) -> FailureCode | None:
    """Return the code of this value; None for one that only another release knows."""
    return _BY_VALUE.get(value or "")


_BY_VALUE: Final = {code.value: code for code in FailureCode}


def codes_of(*faults: Fault) -> frozenset[FailureCode]:
    """Return the codes of failures that are somebody's fault."""
    return frozenset(code for code in FailureCode if code.fault in faults)
