"""`shop-images recover`: lists and repairs what differs between rows and bucket after the database was restored from a backup."""

from dataclasses import dataclass
from typing import Final

import click
from rich.console import Console
from rich.progress import Progress

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.garbage import MariaCollectorRow
from faust_app.adapters.mariadb.image_queries import MariaImageFolders
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.adapters.s3.object_store import S3ObjectStore
from faust_app.cli.command import json_option, print_report, run
from faust_app.core.images.row import ImageKey
from faust_app.flows.maintenance.recover import Findings, Passes, Recovery
from faust_app.settings import Settings

_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class RecoverReport:
    """What was found, what of it was repaired, and how far the database was behind the bucket."""

    findings: Findings
    passes: Passes
    dry_run: bool

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        found = self.findings
        return {
            "dry_run": self.dry_run,
            "images": found.images,
            "objects": found.objects,
            "collector_passes": {"database": self.passes.database, "bucket": self.passes.bucket},
            "without_object": {
                "count": found.missing,
                "republished": found.republished,
                "replaced": found.replaced,
                "images": _images(found.missing_images),
            },
            "behind": {"count": found.behind, "images": _images(found.images_behind)},
            "objects_without_row": {"count": found.without_row, "keys": found.keys_without_row},
        }

    def lines(self) -> list[str]:
        """Return the report for people."""
        found = self.findings
        done = "to be fetched again" if self.dry_run else f"{found.republished:,} are fetched again"
        again = "ask their shops to send them again"
        unreadable = "unreadable" if self.passes.bucket is None else f"{self.passes.bucket:,}"
        return [
            f"{found.images:,} images and {found.objects:,} objects compared",
            *_finding(f"{found.missing:,} images whose object is missing", done, _names(found.missing_images)),
            *([f"  {found.replaced:,} of them have a newer object, which the older one replaces: {again} first"] if found.replaced else []),
            *_finding(f"{found.behind:,} images have an object newer than their row", again, _names(found.images_behind)),
            *_finding(f"{found.without_row:,} objects without a row", f"kept; {again}", found.keys_without_row),
            f"passes of the collector: database {self.passes.database:,}, bucket {unreadable}"
            + ("" if self.dry_run else "; it continues with its next pass"),
        ]


async def recover(settings: Settings, *, dry_run: bool) -> RecoverReport:
    """Compare rows and bucket; unless `dry_run`, repair what is possible and release the collector. Raises Unavailable."""
    async with Database.connect(settings.database, 2) as database, S3ObjectStore(settings) as store:
        collector = MariaCollectorRow(database)
        recovery = Recovery(MariaImageRepository(database), MariaImageFolders(database), collector, store)
        passes = await recovery.passes()
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("images", total=await collector.images_about() or None)
            findings = await recovery.run(dry_run=dry_run, advance=lambda images: progress.advance(task, images))
        if not dry_run:
            await recovery.resume_collector()
        return RecoverReport(findings, passes, dry_run)


def _images(keys: list[ImageKey]) -> list[dict[str, object]]:
    return [{"shop_no": shop_no, "image_id": image_id.decode(errors="replace")} for shop_no, image_id in keys]


def _names(keys: list[ImageKey]) -> list[str]:
    return [f"shop {shop_no}, image {image_id.decode(errors='replace')}" for shop_no, image_id in keys]


def _finding(what: str, step: str, names: list[str]) -> list[str]:
    """Return a finding with what to do about it and some examples, or the finding alone if it has none."""
    more = len(names) - _SHOWN
    rest = [f"  and {more:,} more; --json lists them"] if more > 0 else []
    return [f"{what}: {step}", *(f"  {name}" for name in names[:_SHOWN]), *rest] if names else [what]


@click.command("recover")
@click.option("--dry-run", is_flag=True, help="Compare and list; change nothing.")
@json_option
@click.pass_obj
def recover_command(settings: Settings, *, dry_run: bool, as_json: bool) -> None:
    """Find what the bucket lacks after the database was restored from a backup, and fetch it again."""
    print_report(run(recover(settings, dry_run=dry_run)), as_json=as_json)
