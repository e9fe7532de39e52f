"""What can go wrong, by its name: the three classes every adapter translates its library's errors into.

    Failure
    +-- Permanent      the image cannot be stored as asked: trying again is useless
    +-- Transient      the shop's source did not answer well this time
    +-- Unavailable    one of our own dependencies is away: the image is not to blame

Flows know these and no library exception. Each carries a code, whose sentence says what a person can do about it.
"""

from enum import StrEnum
from typing import Final, Self


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
    SOURCE_ERROR = "source_error", "The source answers with an error of its own server."
    SOURCE_TIMEOUT = "source_timeout", "The source does not answer in time."
    SOURCE_UNREACHABLE = "source_unreachable", "No connection to the source. Check that the host name is right and the server is up."
    SOURCE_RESET = "source_reset", "The source broke off the transfer."
    BAD_ADDRESS = "bad_address", "The address of the image is not one we can fetch. Use http or https with a public host."
    BAD_CERTIFICATE = "bad_certificate", "The certificate of the source is not valid for its name. Renew it."
    TOO_MANY_REDIRECTS = "too_many_redirects", "The address redirects too often. Give the final address."
    TOO_LARGE = "too_large", "The file is larger than we store. Export it smaller."
    EMPTY = "empty", "The source answers with an empty file. Upload the image again."
    NOT_AN_IMAGE = "not_an_image", "What the source sends is not an image. Check that the address opens a picture, not a page."
    FORMAT_NOT_SUPPORTED = "format_not_supported", "The format is not one of JPEG, PNG, GIF, WebP and AVIF. Convert the image."
    TRUNCATED = "truncated", "The image ends in the middle. Upload it again."
    TOO_MANY_PIXELS = "too_many_pixels", "The image has more pixels or frames than we store. Export it smaller."
    UNKNOWN_VERSION = "unknown_version", "The record names a version of the image that the database never gave."
    UNPARSEABLE = "unparseable", "The record does not follow the contract of its topic."
    STORAGE_UNAVAILABLE = "storage_unavailable", "Object storage is away; the image waits and is tried again."
    DATABASE_UNAVAILABLE = "database_unavailable", "The database is away; the image waits and is tried again."
    KAFKA_UNAVAILABLE = "kafka_unavailable", "Kafka is away; the image waits and is tried again."
    EGRESS_UNAVAILABLE = "egress_unavailable", "Our own network is away; the image waits and is tried again."
    HOST_DOWN = "host_down", "The source did not answer for over a day. When it is up again, send the image once more."
    SOURCE_BLOCKED = "source_blocked", "The source refused us for over a day. Allow our user agent, then send the image once more."
    LOST_REPEATEDLY = "lost_repeatedly", "Workers lose this image again and again; their logs tell why. Send it again after that is mended."
    INTERNAL_ERROR = "internal_error", "An error of ours. The log of the worker has its traceback."


class Dependency(StrEnum):
    """Our own outside systems, whose absence is nobody's failure."""

    STORAGE = "storage"
    DATABASE = "database"
    KAFKA = "kafka"
    EGRESS = "egress"  #: our own way out to the sources


class Failure(Exception):  # noqa: N818 - the three below are classes of failure, the word of the whole product
    """A named reason why a step did not succeed; `detail` is one line, without secrets, safe to show."""

    def __init__(self, code: FailureCode, detail: str = "") -> None:
        super().__init__(f"{code.value}: {detail}" if detail else code.value)
        self.code = code
        self.detail = detail


class Permanent(Failure):
    """Trying again is useless until a person changes something at the source."""


class Transient(Failure):
    """The source may do better later; `retry_after` (seconds) is its own wish, where it told one."""

    def __init__(self, code: FailureCode, detail: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(code, detail)
        self.retry_after = retry_after


_AWAY: Final = {
    Dependency.STORAGE: FailureCode.STORAGE_UNAVAILABLE,
    Dependency.DATABASE: FailureCode.DATABASE_UNAVAILABLE,
    Dependency.KAFKA: FailureCode.KAFKA_UNAVAILABLE,
    Dependency.EGRESS: FailureCode.EGRESS_UNAVAILABLE,
}


class Unavailable(Failure):
    """A dependency of ours is away: the work keeps its place and spends no attempt."""

    def __init__(self, dependency: Dependency, detail: str = "") -> None:
        super().__init__(_AWAY[dependency], detail)
        self.dependency = dependency
