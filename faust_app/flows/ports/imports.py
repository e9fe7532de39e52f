"""How an import reads a catalogue file, keeps its record, and shows its progress."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from faust_app.core.failure import Unavailable
from faust_app.core.imports.catalogue import Entry, Format, LineProblem
from faust_app.core.imports.run import ImportCounts, ImportedFile, ImportRun, ImportStatus


class Catalogue(Protocol):
    """A catalogue file of one shop, read as a stream: a file of any length takes the memory of one record."""

    @property
    def shop_no(self) -> int:
        """The shop whose images the file names."""
        ...

    @property
    def name(self) -> str:
        """The file's name, without folders."""
        ...

    @property
    def file_format(self) -> Format:
        """The file's format."""
        ...

    @property
    def size(self) -> int:
        """The file's length in bytes."""
        ...

    def sha256(self) -> bytes:
        """Return the digest of the file's content; reads all of it, and may be called in a thread."""
        ...

    def entries(self) -> Iterator[Entry]:
        """Yield every image of the file, or the problem of a line that cannot be used. Raises CatalogueError."""
        ...


class ImportRuns(Protocol):
    """The record of imports. Every method raises Unavailable."""

    async def begin(self, file: ImportedFile, started_by: str, release: str | None) -> ImportRun:
        """Add a run, or return the unfinished one of the same file for the same shop, which is to be continued."""
        ...

    async def record(self, number: int, counts: ImportCounts, rejected: Sequence[LineProblem]) -> None:
        """Store how far the run is, and the lines rejected since the last call, in one transaction."""
        ...

    async def end(self, number: int, status: ImportStatus, problem: str | None = None) -> None:
        """Store that the run ended, and why if the file could not be read to its end."""
        ...

    async def get(self, number: int) -> ImportRun | None:
        """Return the run."""
        ...

    async def of_shop(self, shop_no: int, before: int | None, limit: int) -> list[ImportRun]:
        """Return up to `limit` runs of a shop, newest first, continuing before the run `before`."""
        ...


class ImportProgress(Protocol):
    """Shows people how far an import is. No method blocks or raises."""

    def read(self, end: int) -> None:
        """Show that the images of the file's first `end` bytes are taken."""
        ...

    def finished(self, images: int, of: int) -> None:
        """Show that so many images are finished, of those that are waited for."""
        ...

    def limited_by(self, server: str) -> None:
        """Show that the images wait for the shop's own image server: nothing here makes them faster."""
        ...

    def held_up(self, failure: Unavailable) -> None:
        """Show why the images cannot be counted; the wait continues."""
        ...
