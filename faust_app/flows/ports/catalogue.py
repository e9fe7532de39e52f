"""How an import reads a catalogue file, and how it shows its progress."""

from collections.abc import Iterator
from typing import Protocol

from faust_app.core.failure import Unavailable
from faust_app.core.messages.catalogue import Entry


class Catalogue(Protocol):
    """A catalogue file of one shop, read as a stream: a file of any length takes the memory of one record."""

    @property
    def size(self) -> int:
        """The file's length in bytes."""
        ...

    def entries(self) -> Iterator[Entry]:
        """Yield every image of the file, or the problem of a line that cannot be used. Raises CatalogueError."""
        ...


class ImportProgress(Protocol):
    """Shows people how far an import is. No method blocks or raises."""

    def read(self, end: int) -> None:
        """Show that the images of the file's first `end` bytes are taken."""
        ...

    def finished(self, images: int, of: int) -> None:
        """Show that so many images are finished, of those that are waited for."""
        ...

    def held_up(self, failure: Unavailable) -> None:
        """Show why the images cannot be counted; the wait continues."""
        ...
