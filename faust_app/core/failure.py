"""What can go wrong, by its name: the three classes every adapter translates its library's errors into.

    Failure
    +-- Permanent      the image cannot be stored as asked: trying again is useless
    +-- Transient      the shop's source did not answer well this time
    +-- Unavailable    one of our own dependencies is unavailable: the image is not to blame
        +-- Misconfigured    it refuses our settings

Flows know these and no library exception. Each carries a code of `failure_codes`, which says what a person can do about it.
"""

from enum import StrEnum
from typing import Final, Self, TypeVar

from faust_app.core.failure_codes import FailureClass, FailureCode
from faust_app.core.foreign import detail_of

__all__ = [
    "Dependency",
    "Failure",
    "FailureCode",
    "Misconfigured",
    "Permanent",
    "RecordRefused",
    "Transient",
    "Unavailable",
    "of_source",
    "without_frames",
]

E = TypeVar("E", bound=BaseException)


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
    blame. A refused connection and a name that the resolver denies are answers. `asks_for_less` is whether the source has
    too many requests.
    """

    def __init__(
        self, code: FailureCode, detail: str = "", *, retry_after: float | None = None, silent: bool = False, asks_for_less: bool = False
    ) -> None:
        super().__init__(code, detail)
        self.retry_after = retry_after
        self.silent = silent
        self.asks_for_less = asks_for_less


def of_source(code: FailureCode, detail: str, *, retry_after: float | None = None, asks_for_less: bool = False) -> Permanent | Transient:
    """Return the failure of a source's answer, in the class of its code; `retry_after` counts where the source may be asked again."""
    if code.kind is FailureClass.TRANSIENT:
        return Transient(code, detail, retry_after=retry_after, asks_for_less=asks_for_less)
    return Permanent(code, detail)


_UNAVAILABLE: Final = {
    Dependency.STORAGE: FailureCode.STORAGE_UNAVAILABLE,
    Dependency.DATABASE: FailureCode.DATABASE_UNAVAILABLE,
    Dependency.KAFKA: FailureCode.KAFKA_UNAVAILABLE,
    Dependency.EGRESS: FailureCode.EGRESS_UNAVAILABLE,
}


class Unavailable(Failure):
    """One of our dependencies is unavailable: the work keeps its place and spends no attempt."""

    def __init__(self, dependency: Dependency, detail: str = "") -> None:
        super().__init__(_UNAVAILABLE[dependency], detail)
        self.dependency = dependency


class Misconfigured(Unavailable):
    """A dependency refuses what our settings say: it stays so until a person changes one of them; `setting` names which."""

    def __init__(self, dependency: Dependency, detail: str, *, setting: str) -> None:
        super().__init__(dependency, detail)
        self.setting = setting


class RecordRefused(Exception):  # noqa: N818 - a word of the same kind as the three
    """Kafka refuses this record from any sender, at any time: an error in our code, not an outage of Kafka."""


def without_frames(error: E) -> E:
    """Drop the tracebacks of an error and of all its causes; return the error.

    For an error that is kept as a value. Its frames hold the bytes of the image, and where one of them holds the error too, that is a
    cycle which only the garbage collector ends.
    """
    pending: list[BaseException] = [error]
    seen = set[int]()
    while pending:
        each = pending.pop()
        if id(each) not in seen:
            seen.add(id(each))
            each.__traceback__ = None
            pending += [cause for cause in (each.__cause__, each.__context__) if cause is not None]
    return error
