"""Dead letters: published with their provenance and acknowledged before anything else follows."""

from datetime import UTC, datetime

from faust_app.core.failure import FailureCode, RecordRefused, Unavailable
from faust_app.core.images.dead_letter import dead_letter
from faust_app.core.images.outcome import Failed
from faust_app.core.images.row import event_of
from faust_app.core.messages.positions import Position
from faust_app.core.messages.record import Record
from faust_app.flows.images.publish import event_json
from faust_app.flows.ports.kafka import EventLog
from faust_app.metrics import Metrics


class DeadLetters:
    """Writes the topic `dead-letter`.

    Every method raises Unavailable unless Kafka acknowledged the record, and RecordRefused if it never will.
    """

    def __init__(self, event_log: EventLog, metrics: Metrics, *, topic: str, group: str) -> None:
        self._log = event_log
        self._metrics = metrics
        self._topic = topic
        self._group = group

    async def of_record(self, record: Record, code: FailureCode, detail: str, *, group: str | None = None) -> None:
        """Publish a record that no row stands behind."""
        await self._publish(record, code, detail, group=group or self._group)

    async def of_image(self, record: Record, failed: Failed) -> None:
        """Publish the record of an image that failed."""
        row = failed.row
        image = (row.shop_no, row.image_id.decode(), row.version, row.attempt)
        await self._publish(record, failed.code, failed.detail, group=self._group, image=image, host=failed.host or row.source_host)

    async def of_row(self, failed: Failed) -> None:
        """Publish a dead letter of a row whose record is gone: its event as it would be published now."""
        row = failed.row
        place = row.position or Position("", 0, 0)
        sent = row.updated_at or row.requested_at
        milliseconds = round(sent.replace(tzinfo=UTC).timestamp() * 1000)
        await self.of_image(Record(place.topic, place.partition, place.offset, milliseconds, None, event_json(event_of(row))), failed)

    async def _publish(
        self,
        record: Record,
        code: FailureCode,
        detail: str,
        *,
        group: str,
        image: tuple[int, str, int, int] | None = None,
        host: str | None = None,
    ) -> None:
        message = dead_letter(
            record,
            topic=self._topic,
            group=group,
            code=code,
            detail=detail,
            at=datetime.now(UTC).replace(tzinfo=None),
            exception=f"shop_images.{code.value}",
            image=image,
            host=host,
        )
        (result,) = await self._log.publish([message])
        if isinstance(result, Unavailable | RecordRefused):
            raise result
        self._metrics.dead_letters.labels(code.value).inc()
