"""What a source answered and what its bytes turned out to be."""

from dataclasses import dataclass

from faust_app.core.failure import Failure


@dataclass(frozen=True, slots=True)
class Validators:
    """What makes the next fetch of the same address conditional: a strong ETag, or a Last-Modified old enough to trust."""

    etag: str | None = None
    modified: str | None = None

    def __bool__(self) -> bool:
        return bool(self.etag or self.modified)


NO_VALIDATORS = Validators()


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of a source, whole, and the validators to keep with them."""

    content: bytes
    validators: Validators = NO_VALIDATORS


@dataclass(frozen=True, slots=True)
class Redirect:
    """One redirect: its status and the address that it leads to, without its query string."""

    status: int
    to: str


@dataclass(frozen=True, slots=True)
class Observed:
    """What one fetch met on its way: redirects, the last status, what the server called it, and how it ended."""

    status: int | None
    redirects: tuple[Redirect, ...]
    announced_type: str | None
    outcome: Fetched | Failure


@dataclass(frozen=True, slots=True)
class NotModified:
    """The image has not changed since the fetch that the validators come from: nothing was transferred."""


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What the bytes decode to, whatever header and extension say; sides in pixels."""

    content_type: str
    extension: str
    width: int
    height: int
