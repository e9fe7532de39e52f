"""`shop-images setup`: creates or updates schema, topics and bucket; safe to repeat."""

from dataclasses import asdict, dataclass

import click

from faust_app.adapters.kafka.topics import ensure_topics
from faust_app.adapters.mariadb.schema import upgrade_schema
from faust_app.adapters.s3.object_store import S3ObjectStore
from faust_app.cli.command import json_option, print_report, run
from faust_app.settings import Settings


@dataclass(frozen=True, slots=True)
class SetupReport:
    """What exists after the setup."""

    schema_revision: str
    topics: list[str]
    topics_created: list[str]
    bucket: str

    def as_json(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return the report for people."""
        created = f" ({len(self.topics_created)} created)" if self.topics_created else ""
        return [f"schema at revision {self.schema_revision}, {len(self.topics)} topics{created}, bucket {self.bucket}"]


async def setup(settings: Settings) -> SetupReport:
    """Create or update what this release needs in database, Kafka and storage. Raises Unavailable."""
    revision = await upgrade_schema(settings.database)
    topics = settings.topics
    created = await ensure_topics(
        settings.kafka, topics.all, replication=settings.topic_replication, min_insync=settings.topic_min_insync_replicas
    )
    async with S3ObjectStore(settings) as store:
        await store.ensure_bucket()
    return SetupReport(revision, [spec.name for spec in topics.all], created, settings.s3_bucket)


@click.command("setup")
@json_option
@click.pass_obj
def setup_command(settings: Settings, *, as_json: bool) -> None:
    """Create or update schema, topics and bucket; safe to repeat."""
    print_report(run(setup(settings)), as_json=as_json)
