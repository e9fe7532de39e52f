"""Compares a catalogue file with what is shown, image by image, and changes nothing."""

from collections.abc import AsyncIterator, Iterator

from faust_app.core.imports.catalogue import Entry
from faust_app.core.imports.comparison import ComparedImage, compare, images_of
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.ports.imports import Catalogue

BATCH = 1000
"""Lines whose rows are loaded at once."""


async def compared_images(catalogue: Catalogue, repository: ImageRepository) -> AsyncIterator[ComparedImage]:
    """Yield how each image of the file stands, in the order of the file. Raises CatalogueError, and Unavailable."""
    for batch in _batches(catalogue.entries()):
        rows = await repository.load(images_of(batch))
        for entry in batch:
            yield compare(entry, rows)


def _batches(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    for entry in entries:
        batch.append(entry)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
