"""`shop-images check --deep`: checks every row and object against every promise, by reading what is stored."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.progress import Progress

from faust_app.adapters.kafka.dead_letters import dead_lettered
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.garbage import MariaCollectorRow, MariaGarbageRepository
from faust_app.adapters.mariadb.image_queries import MariaImageFolders, MariaImageHistory
from faust_app.adapters.s3.object_store import S3ObjectStore
from faust_app.cli.command import print_report, run
from faust_app.core.images.row import ImageKey
from faust_app.core.verify.acknowledged_requests import LedgerError, LedgerRequests, read_ledger
from faust_app.flows.maintenance.deep_check import DeepCheck, DeepFindings
from faust_app.settings import Settings

_SHOWN: Final = 50
"""Violations printed at most; all are counted."""


@dataclass(frozen=True, slots=True)
class DeepReport:
    """The findings of a deep check."""

    findings: DeepFindings

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        found = self.findings
        return {
            "images": {state.value: count for state, count in found.states.items()},
            "objects": found.objects,
            "unlisted_objects": found.unlisted,
            "violations": [
                {"rule": v.rule, "shop_no": v.shop_no, "image_id": _text(v.image_id), "detail": v.detail, "key": v.key}
                for v in found.violations
            ],
        }

    def lines(self) -> list[str]:
        """Return the report for people."""
        found = self.findings
        counts = ", ".join(f"{count:,} {state}" for state, count in sorted(found.states.items())) or "no images"
        head = f"{counts}; {found.objects:,} objects, {found.unlisted:,} of them left to the audit; {len(found.violations):,} violations"
        shown = [
            f"  {v.rule}: shop {v.shop_no}, image {_text(v.image_id)}: {v.detail}{f' ({v.key})' if v.key else ''}"
            for v in found.violations[:_SHOWN]
        ]
        more = [f"  and {len(found.violations) - _SHOWN:,} more"] if len(found.violations) > _SHOWN else []
        return [head, *shown, *more]


async def check_deep(settings: Settings, ledger: Path | None, *, read_bytes: bool) -> DeepFindings:
    """Check a whole installation, with a progress bar. Raises Unavailable, LedgerError."""
    requests: dict[ImageKey, LedgerRequests] = {}
    if ledger is not None:
        with ledger.open(errors="replace") as lines:
            requests = read_ledger(lines, settings.topic_prefix)
    dead = await dead_lettered(settings.kafka, settings.topics.dead_letter.name)
    async with Database.connect(settings.database, 2) as database, S3ObjectStore(settings) as store:
        folders, history, garbage = MariaImageFolders(database), MariaImageHistory(database), MariaGarbageRepository(database)
        check = DeepCheck(folders, history, garbage, store, dead, read_bytes=read_bytes)
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("images", total=await MariaCollectorRow(database).images_about() or None)
            return await check.run(requests, lambda images: progress.advance(task, images))


def _text(image_id: bytes) -> str:
    return image_id.decode(errors="replace")


def run_check_deep(settings: Settings, ledger: Path | None, *, read_bytes: bool, as_json: bool) -> None:
    """Read everything and print each broken promise; exit code 1 when there is one, 2 for a wrong ledger."""
    try:
        findings = run(check_deep(settings, ledger, read_bytes=read_bytes))
    except LedgerError as error:
        click.echo(f"shop-images: {ledger}: {error}", err=True)
        raise SystemExit(2) from error
    print_report(DeepReport(findings), as_json=as_json)
    if not findings.ok:
        raise SystemExit(1)
