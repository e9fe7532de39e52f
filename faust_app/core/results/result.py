"""The contract of a result, and a result as it is written with its row."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from faust_app.core.failure_codes import FailureCode
from faust_app.core.failure_codes import Fault as CodeFault


class ResultKind(StrEnum):
    """How a request, or a version of an image, ended."""

    STORED = "stored"  #: new bytes are stored and shown
    UNCHANGED = "unchanged"  #: the version is done, and what was shown stays shown
    DELETED = "deleted"  #: nothing is shown any more
    FAILED = "failed"  #: given up; what was shown before stays shown
    SUPERSEDED = "superseded"  #: a newer request was known already; nothing changed
    REJECTED = "rejected"  #: a record that is no valid request, or whose shop is paused; nothing changed


class Fault(StrEnum):
    """Whose fault a failure is."""

    SHOP = "shop"  #: the address, the file, or the record that was sent
    SOURCE = "source"  #: the server that the image comes from
    OURS = "ours"  #: the platform's


_OF_SOURCE: Final = {CodeFault.HOST_SILENT, CodeFault.HOST, CodeFault.SOURCE, CodeFault.SOURCE_BLOCKS, CodeFault.SOURCE_GIVEN_UP}
_OURS: Final = {CodeFault.DEPENDENCY, CodeFault.RELEASE}


def fault_of(code: FailureCode) -> Fault:
    """Return whose fault a failure with this code is."""
    return Fault.OURS if code.fault in _OURS else Fault.SOURCE if code.fault in _OF_SOURCE else Fault.SHOP


class ImageResult(BaseModel):
    """A record of the topic `results`, and an item of the feed. Readers ignore fields that they do not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    kind: Annotated[ResultKind, Field(description="How it ended.")]
    shop_no: Annotated[int | None, Field(description="Number of the shop; null in a rejected record that does not say it.")]
    image_id: Annotated[str | None, Field(description="The shop's own id of the image; null in a rejected record that does not say it.")]
    product_id: Annotated[str | None, Field(description="The shop's own id of the product.")] = None
    version: Annotated[
        int | None, Field(description="The version that ended; of a superseded request the version that it met; null if rejected.")
    ] = None
    external_version: Annotated[int | None, Field(description="The sender's own revision.")] = None
    public_url: Annotated[
        str | None, Field(description="Address of what is shown from now on; null where that is nothing, or has no public address.")
    ] = None
    size: Annotated[int | None, Field(description="Bytes of what is shown.")] = None
    content_type: Annotated[str | None, Field(description="Its media type.")] = None
    width: Annotated[int | None, Field(description="Its width in pixels.")] = None
    height: Annotated[int | None, Field(description="Its height in pixels.")] = None
    code: Annotated[str | None, Field(description="The failure code; of an unchanged image why it could not be fetched again.")] = None
    sentence: Annotated[str | None, Field(description="What happened and what to do, in English.")] = None
    fault: Annotated[Fault | None, Field(description="Whose fault the failure is.")] = None
    correlation_id: Annotated[
        str | None, Field(description="That of the request that began the version, or of a later one for the same that had one.")
    ] = None
    at: Annotated[datetime, Field(description="When it was decided, UTC.")]
    position: Annotated[
        int, Field(description="Place in the order of all results: of two for one image, the one with the higher position is newer.")
    ]


@dataclass(frozen=True, slots=True)
class Result:
    """A result without its position, as the transaction that makes it true writes it; `at` in UTC without a zone.

    `fields` are those of `ImageResult` that are not null, with `object_key` in place of `public_url`: the public address is
    a setting of whoever delivers it.
    """

    at: datetime
    shop_no: int | None
    image_id: bytes | None
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Positioned:
    """A result at its place in the order of all results; `body` is the JSON of its fields."""

    position: int
    at: datetime
    shop_no: int | None
    image_id: bytes | None
    body: str
