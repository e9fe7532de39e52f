"""A catalogue without a file, and people who watch its import."""

import hashlib
from collections.abc import Callable, Iterator, Sequence

from faust_app.core.failure import Unavailable
from faust_app.core.imports.catalogue import CatalogueError, CatalogueItem, Entry, Format, LineProblem
from tests.factories import make_request


class FakeCatalogue:
    """Implements `Catalogue`: images of one shop by their ids, ten bytes each; a problem stands for itself, an error ends the file."""

    def __init__(self, *lines: str | LineProblem | CatalogueError, shop_no: int = 7) -> None:
        self.lines: Sequence[str | LineProblem | CatalogueError] = lines
        self.shop_no = shop_no

    name = "catalogue.csv"
    file_format: Format = "woocommerce"

    def sha256(self) -> bytes:
        return hashlib.sha256(repr(self.lines).encode()).digest()

    @property
    def size(self) -> int:
        return 10 * len(self.lines)

    def entries(self) -> Iterator[Entry]:
        for number, line in enumerate(self.lines, 1):
            if isinstance(line, CatalogueError):
                raise line
            if isinstance(line, LineProblem):
                yield line
            else:
                yield CatalogueItem(number, 10 * number, make_request(self.shop_no, line))


class FakeProgress:
    """Implements `ImportProgress`; `each` is called whenever the images were looked at."""

    def __init__(self, each: Callable[[], None] = lambda: None) -> None:
        self.ends: list[int] = []
        self.shown: list[tuple[int, int]] = []
        self.reasons: list[str] = []
        self.servers: list[str] = []
        self.each = each
        self.at_read: Callable[[int], None] = lambda _: None

    def read(self, end: int) -> None:
        self.ends.append(end)
        self.at_read(end)

    def finished(self, images: int, of: int) -> None:
        self.shown.append((images, of))
        self.each()

    def limited_by(self, server: str) -> None:
        self.servers.append(server)

    def held_up(self, failure: Unavailable) -> None:
        self.reasons.append(str(failure))
