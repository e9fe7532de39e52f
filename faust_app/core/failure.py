"""What can go wrong, by its name: the three classes every adapter translates its library's errors into.

    Failure
    +-- Permanent      the image cannot be stored as asked: trying again is useless
    +-- Transient      the shop's source did not answer well this time
    +-- Unavailable    one of our own dependencies is unavailable: the image is not to blame

Flows know these and no library exception. Each carries a code, whose sentence says what a person can do about it.
"""

from enum import StrEnum
from typing import Final, Self

from faust_app.core.foreign import detail_of


class FailureCode(StrEnum):
    """Why an image is not stored. The value is the contract (rows, headers, metrics); `sentence` is for people."""

    sentence: str

    def __new__(cls, value: str, sentence: str) -> Self:
        """Attach the sentence to the string value."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member

    SOURCE_REFUSED = "source_refused", "The source refuses the request. Check that the address can be opened in a browser."
    SOURCE_UNAUTHORIZED = "source_unauthorized", "The source asks for a login. Publish the image at an address without one."
    SOURCE_FORBIDDEN = "source_forbidden", "The source forbids the download. Allow our user agent or publish the image elsewhere."
    SOURCE_NOT_FOUND = "source_not_found", "There is no image at this address. Correct the address or upload the image again."
    SOURCE_GONE = "source_gone", "The source says the image is gone for good. Give another address."
    SOURCE_BLOCKED_BY_LAW = "source_blocked_by_law", "The source withholds the image for legal reasons. Give another address."
    SOURCE_BUSY = "source_busy", "The source asks to come back later."
    SOURCE_ERROR = "source_error", "The source's server fails, or answers in no way that HTTP knows."
    SOURCE_TIMEOUT = "source_timeout", "The source does not answer in time."
    SOURCE_TOO_SLOW = "source_too_slow", "The source sends less than 10 kB a second. Use a faster server or a smaller file."
    SOURCE_UNKNOWN_HOST = "source_unknown_host", "The host name of the source is not known. Check that it is written right."
    SOURCE_UNREACHABLE = "source_unreachable", "No connection to the source. Check that its server is up and lets us in."
    SOURCE_TLS = "source_tls", "No secure connection to the source. Check that its https works with a browser of today."
    SOURCE_RESET = "source_reset", "The source broke off the transfer."
    SOURCE_SHORT = "source_short", "The source sent less than it announced."
    BAD_ADDRESS = "bad_address", "The address of the image is not one we can fetch. Use http or https with a public host."
    ADDRESS_REFUSED = "address_refused", "The host is not on the public internet. Publish the image on a public server."
    PORT_REFUSED = "port_refused", "The address names a port that we do not fetch from. Use an address without a port number."
    BAD_CERTIFICATE = "bad_certificate", "The certificate of the source is not valid for its name. Renew it."
    TOO_MANY_REDIRECTS = "too_many_redirects", "The address redirects too often. Give the final address."
    TOO_LARGE = "too_large", "The file is larger than we store. Export it smaller."
    CONTENT_ENCODED = "content_encoded", "The source compresses the file on its way. Switch compression off for images."
    EMPTY = "empty", "The source answers with an empty file. Upload the image again."
    NOT_AN_IMAGE = "not_an_image", "What the source sends is not an image. Check that the address opens a picture, not a page."
    FORMAT_NOT_SUPPORTED = "format_not_supported", "The format is not one of JPEG, PNG, GIF, WebP and AVIF. Convert the image."
    FORMAT_HEIC = "format_heic", "The image is a HEIC file, as phones make them; browsers do not show it. Save it as JPEG."
    FORMAT_SVG = "format_svg", "The image is an SVG drawing, which we do not store. Export it as PNG or WebP."
    TRUNCATED = "truncated", "The image ends in the middle. Upload it again."
    IMAGE_BROKEN = "image_broken", "The image is damaged inside. Open it in an image program and export it again."
    TOO_MANY_PIXELS = "too_many_pixels", "The image has over 40 million pixels, all frames together. Export it smaller."
    SIDE_TOO_LONG = "side_too_long", "The image is wider or higher than 16,384 pixels. Export it smaller."
    TOO_MANY_FRAMES = "too_many_frames", "The animation has over 100 frames. Shorten it, or use a still picture."
    CHECK_CRASHED = "check_crashed", "The image cannot be decoded with reasonable means. Export it again, or smaller."
    UNKNOWN_VERSION = "unknown_version", "The record names a version of the image that the database never gave."
    UNPARSEABLE = "unparseable", "The record does not follow the contract of its topic."
    STORAGE_UNAVAILABLE = "storage_unavailable", "Object storage is unavailable; the image waits and is tried again."
    DATABASE_UNAVAILABLE = "database_unavailable", "The database is unavailable; the image waits and is tried again."
    KAFKA_UNAVAILABLE = "kafka_unavailable", "Kafka is unavailable; the image waits and is tried again."
    EGRESS_UNAVAILABLE = "egress_unavailable", "Our own network is unavailable; the image waits and is tried again."
    HOST_DOWN = "host_down", "The source did not answer for over a day. When it is up again, send the image once more."
    SOURCE_BLOCKED = "source_blocked", "The source refused us for over a day. Allow our user agent, then send the image once more."
    UNSTORABLE_RESULT = (
        "unstorable_result",
        "The database refuses a value that came with this image. It is an error of ours: report it with its detail.",
    )
    LOST_REPEATEDLY = "lost_repeatedly", "Workers lose this image again and again; their logs tell why. Send it again after that is mended."
    INTERNAL_ERROR = "internal_error", "An error of ours. The log of the worker has its traceback."


class Dependency(StrEnum):
    """Our own outside systems, whose outage is nobody's failure."""

    STORAGE = "storage"
    DATABASE = "database"
    KAFKA = "kafka"
    EGRESS = "egress"  #: our own way out to the sources


class Failure(Exception):  # noqa: N818 - the three below are classes of failure, the word of the whole product
    """A named reason why a step did not succeed; `detail` is a sentence on one line, without secrets, safe to show.

    `host` is the host that failed where it is another than the source's own: a redirect leads there. Whatever it is given, the
    detail becomes one printable line: adapters quote strangers in it.
    """

    def __init__(self, code: FailureCode, detail: str = "") -> None:
        shown = detail_of(detail)
        super().__init__(f"{code.value}: {shown}" if shown else code.value)
        self.code = code
        self.detail = shown
        self.host: str | None = None

    def at(self, host: str) -> Self:
        """Name the host that failed, to which the source redirects; return the failure."""
        self.host = host
        self.detail = detail_of(f"{self.detail} The source redirects to {host}.")
        return self


class Permanent(Failure):
    """Trying again is useless until a person changes something at the source."""


class Transient(Failure):
    """The source may do better later; `retry_after` (seconds) is what it asks for, where it does.

    `silent` is whether nobody was heard, neither the source nor a resolver that knows its name: our own network may be to
    blame. A refused connection and a name that the resolver denies are answers.
    """

    def __init__(self, code: FailureCode, detail: str = "", *, retry_after: float | None = None, silent: bool = False) -> None:
        super().__init__(code, detail)
        self.retry_after = retry_after
        self.silent = silent


_UNAVAILABLE: Final = {
    Dependency.STORAGE: FailureCode.STORAGE_UNAVAILABLE,
    Dependency.DATABASE: FailureCode.DATABASE_UNAVAILABLE,
    Dependency.KAFKA: FailureCode.KAFKA_UNAVAILABLE,
    Dependency.EGRESS: FailureCode.EGRESS_UNAVAILABLE,
}


class Unavailable(Failure):
    """A dependency of ours is unavailable: the work keeps its place and spends no attempt."""

    def __init__(self, dependency: Dependency, detail: str = "") -> None:
        super().__init__(_UNAVAILABLE[dependency], detail)
        self.dependency = dependency


class RecordRefused(Exception):  # noqa: N818 - a word of the same kind as the three
    """Kafka takes this record from nobody, however long one waits: an error of ours, and no outage of Kafka's."""
