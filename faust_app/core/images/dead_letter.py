"""Builds the dead letter of a record that will not be tried again: its original bytes and their provenance.

Header names follow spring-kafka's `kafka_dlt-*`, so that its tools can read them; the values are text.
"""

from datetime import datetime
from typing import Annotated, Final
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from faust_app.core.alerts.alert import fingerprint
from faust_app.core.failure import FailureCode
from faust_app.core.foreign import one_line
from faust_app.core.iso_time import iso_time
from faust_app.core.messages.record import Message, Record

MAX_VALUE_BYTES: Final = 100_000


class DeadLetterHeaders(BaseModel):
    """The headers of a dead letter, all of them text; readers ignore those that they do not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    original_topic: Annotated[str, Field(alias="kafka_dlt-original-topic", description="Where the record came from.")]
    original_partition: Annotated[str, Field(alias="kafka_dlt-original-partition")]
    original_offset: Annotated[str, Field(alias="kafka_dlt-original-offset")]
    original_timestamp: Annotated[str, Field(alias="kafka_dlt-original-timestamp", description="Milliseconds since 1970.")]
    original_group: Annotated[str, Field(alias="kafka_dlt-original-consumer-group")]
    exception: Annotated[str, Field(alias="kafka_dlt-exception-fqcn")]
    message: Annotated[str, Field(alias="kafka_dlt-exception-message", description="What was wrong.")]
    code: Annotated[str, Field(alias="shop-images-code", description="The failure code.")]
    fingerprint: Annotated[str, Field(alias="shop-images-fingerprint", description="The cause that it is counted under.")]
    time: Annotated[str, Field(alias="shop-images-time", description="When, UTC, in ISO 8601 with a Z.")]
    shop_no: Annotated[str | None, Field(alias="shop-images-shop-no", description="The image, where it is known.")] = None
    image_id: Annotated[str | None, Field(alias="shop-images-image-id", description="Percent-encoded.")] = None
    version: Annotated[str | None, Field(alias="shop-images-version")] = None
    retry_count: Annotated[str | None, Field(alias="shop-images-retry-count", description="Failed attempts before this one.")] = None
    cut_from: Annotated[
        str | None, Field(alias="shop-images-cut-from-bytes", description="The length of the original, where it is cut.")
    ] = None


def dead_letter(
    record: Record,
    *,
    topic: str,
    group: str,
    code: FailureCode,
    detail: str,
    at: datetime,
    exception: str,
    image: tuple[int, str, int, int] | None = None,
    host: str | None = None,
) -> Message:
    """Build the dead letter of a record; `image` is (shop_no, image_id, version, retry count) where they are known.

    It always fits into the topic: a longer value is cut to MAX_VALUE_BYTES, and a header gives its original length.
    """
    value = record.value or b""
    headers = {
        "kafka_dlt-original-topic": record.topic,
        "kafka_dlt-original-partition": str(record.partition),
        "kafka_dlt-original-offset": str(record.offset),
        "kafka_dlt-original-timestamp": str(record.timestamp),
        "kafka_dlt-original-consumer-group": group,
        "kafka_dlt-exception-fqcn": exception,
        "kafka_dlt-exception-message": one_line(detail),
        "shop-images-code": code.value,
        "shop-images-fingerprint": fingerprint(code, host),
        "shop-images-time": iso_time(at),
    }
    if image is not None:
        shop_no, image_id, version, retry_count = image
        headers |= {
            "shop-images-shop-no": str(shop_no),
            "shop-images-image-id": quote(image_id, safe=""),
            "shop-images-version": str(version),
            "shop-images-retry-count": str(retry_count),
        }
    if len(value) > MAX_VALUE_BYTES:
        headers["shop-images-cut-from-bytes"] = str(len(value))
    key = b"%d" % image[0] if image is not None else None
    return Message(topic, value[:MAX_VALUE_BYTES], key, [(name, text.encode()) for name, text in headers.items()])
