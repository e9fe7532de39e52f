"""`shop-images import FILE --compare`: says of each image of a catalogue file how it stands."""

import csv
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.core.imports.comparison import COLUMNS, Compared, ComparedImage
from faust_app.core.iso_time import iso_time
from faust_app.core.spreadsheet import cell
from faust_app.flows.imports.compare import compared_images
from faust_app.flows.ports.imports import Catalogue
from faust_app.settings import Settings

_LISTED: Final = 20
"""Images listed of each kind; `--csv` writes all."""


@dataclass(slots=True)
class ComparisonReport:
    """How the images of a file stand: their counts, and the first of each kind that is not shown."""

    counts: Counter[Compared] = field(default_factory=Counter)
    listed: dict[Compared, list[ComparedImage]] = field(default_factory=dict)

    def add(self, image: ComparedImage) -> None:
        """Count an image, and list it while there are few of its kind."""
        self.counts[image.standing] += 1
        of_kind = self.listed.setdefault(image.standing, [])
        if image.standing is not Compared.SHOWN and len(of_kind) < _LISTED:
            of_kind.append(image)

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object; `images` are the first of each kind that is not shown."""
        counts = {standing.value.replace(" ", "_"): self.counts[standing] for standing in Compared}
        return {**counts, "images": [_json(image) for kind in self.listed.values() for image in kind]}

    def lines(self) -> list[str]:
        """Return the report for people."""
        lines = [", ".join(f"{self.counts[standing]:,} {standing.value}" for standing in Compared if self.counts[standing]) or "no image"]
        for standing in Compared:
            listed = self.listed.get(standing, [])
            lines += [_line(image) for image in listed]
            more = self.counts[standing] - len(listed)
            if listed and more:
                lines.append(f"and {more:,} more {standing.value}; --csv FILE writes all of them")
        return lines


async def compare_file(settings: Settings, catalogue: Catalogue, csv_file: Path | None) -> ComparisonReport:
    """Compare a file with the rows of an installation; write every image to `csv_file` if there is one.

    Raises CatalogueError, Unavailable, and FileError (click) when the CSV file cannot be written.
    """
    report = ComparisonReport()
    try:
        out = csv_file.open("w", newline="", encoding="utf-8-sig") if csv_file is not None else nullcontext()
    except OSError as error:
        raise click.FileError(str(csv_file), error.strerror or "it cannot be written") from error
    async with Database.connect(settings.database, 1) as database:
        with out as stream:
            writer = csv.writer(stream) if stream is not None else None
            if writer is not None:
                writer.writerow(COLUMNS)
            async for image in compared_images(catalogue, MariaImageRepository(database)):
                report.add(image)
                if writer is not None:
                    writer.writerow([cell(value) for value in image.cells])
    return report


def _line(image: ComparedImage) -> str:
    named = f" {image.image_id}" if image.image_id else ""
    until = {Compared.UNDER_WAY: " until", Compared.DELETED: " on"}.get(image.standing, "")
    when = f"{until} {iso_time(image.at, 'seconds')}" if image.at else ""
    return f"{image.line}:{named} {image.standing.value}{when}{f': {image.reason}' if image.reason else ''}"


def _json(image: ComparedImage) -> dict[str, object]:
    return {
        "line": image.line,
        "image_id": image.image_id,
        "source_url": image.source_url,
        "standing": image.standing.value.replace(" ", "_"),
        "reason": image.reason,
        "at": iso_time(image.at) if image.at else None,
    }
