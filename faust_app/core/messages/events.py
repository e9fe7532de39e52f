"""The contract of the topics: what a sender asks for, and what wakes a worker.

`ImageRequest` comes from outside and is closed: an unknown field is the sender's mistake. `ImageEvent` is our own and
ignores unknown fields, so that each release works beside the one before it.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from faust_app.core.messages.source_url import parse_url

MAX_ID_BYTES: Final = 64
MAX_NAME_BYTES: Final = 200
MAX_URL_BYTES: Final = 4096
MAX_NUMBER: Final = 2**53 - 1
MAX_RETRIES: Final = 3
MAX_VERSION: Final = 2**63 - 1
"""Versions are microseconds since 1970, and rows keep them in 64 bits."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""Unicode's category Cc, whole."""
_LINE_BREAKS: Final = "\u2028\u2029"
"""They end a line without being control characters."""


class Op(StrEnum):
    """What is asked for an image."""

    REGISTER = "register"
    UPDATE = "update"
    DELETE = "delete"


def _text(value: str, limit: int) -> str:
    if _CONTROL.search(value):
        raise ValueError("must not contain control characters")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise ValueError("must be valid Unicode") from None
    if not 1 <= size <= limit:
        raise ValueError(f"must be 1 to {limit} bytes of UTF-8, is {size}")
    if not value.strip():
        raise ValueError("must not be blank")
    return value


def _identifier(value: str) -> str:
    return _text(value, MAX_ID_BYTES)


def _product_name(value: str) -> str:
    if any(character in value for character in _LINE_BREAKS):
        raise ValueError("must not contain line breaks")
    return _text(value, MAX_NAME_BYTES)


def _source_url(value: str) -> str:
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise ValueError("must be valid Unicode") from None
    if size > MAX_URL_BYTES:
        raise ValueError(f"must be at most {MAX_URL_BYTES} bytes of UTF-8, is {size}")
    parse_url(value)
    return value


def _image_id(value: str) -> str:
    if value in {".", ".."}:
        # Clients collapse such a path segment, so the address would be another image's or none.
        raise ValueError("must not be `.` or `..`: no address can name them")
    return _identifier(value)


ShopNo = Annotated[int, Field(ge=1, le=MAX_NUMBER, description="Number of the shop.")]
ImageId = Annotated[str, AfterValidator(_image_id), Field(description="The shop's own id of the image: 1 to 64 bytes of UTF-8.")]
ProductId = Annotated[str, AfterValidator(_identifier), Field(description="The shop's own id of the product: 1 to 64 bytes of UTF-8.")]
ProductName = Annotated[
    str, AfterValidator(_product_name), Field(description="The product's name as the shop's owner knows it: 1 to 200 bytes of UTF-8.")
]
Sku = Annotated[str, AfterValidator(_identifier), Field(description="The product's stock-keeping unit: 1 to 64 bytes of UTF-8.")]
CorrelationId = Annotated[str, AfterValidator(_identifier), Field(description="Handed back with every result: 1 to 64 bytes of UTF-8.")]
SourceUrl = Annotated[
    str, AfterValidator(_source_url), Field(description="Where the image is fetched from: http or https, at most 4,096 bytes.")
]
ExternalVersion = Annotated[
    int, Field(ge=1, le=MAX_NUMBER, description="The sender's own revision of the image; a number not above the known one is superseded.")
]


class Image(BaseModel):
    """What is wanted of an image, without saying whose it is: the body of a PUT."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    source_url: SourceUrl
    product_id: ProductId | None = None
    product_name: ProductName | None = None
    sku: Sku | None = None
    external_version: ExternalVersion | None = None
    correlation_id: CorrelationId | None = None


class BatchItem(BaseModel):
    """One item of a bulk request: an `ImageRequest` whose shop is named by the address."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    op: Annotated[Op, Field(strict=False)]
    image_id: ImageId
    product_id: ProductId | None = None
    product_name: ProductName | None = None
    sku: Sku | None = None
    source_url: SourceUrl | None = None
    external_version: ExternalVersion | None = None
    correlation_id: CorrelationId | None = None

    @model_validator(mode="after")
    def _source_url_where_it_belongs(self) -> Self:
        if self.op is Op.DELETE and self.source_url is not None:
            raise ValueError("source_url: must be absent for delete")
        if self.op is not Op.DELETE and self.source_url is None:
            raise ValueError(f"source_url: is required for {self.op.value}")
        return self


class ImageRequest(BatchItem):
    """A request as it stands in the topic `requests`."""

    shop_no: ShopNo

    @property
    def key(self) -> tuple[int, bytes]:
        """The row's key: shop number and the id's bytes."""
        return self.shop_no, self.image_id.encode()


class LastError(BaseModel):
    """The failure that made a record a retry."""

    model_config = ConfigDict(strict=True, frozen=True)

    code: str
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageEvent:
    """What wakes a worker: one version of one image. What to do is read from the row, never from here.

    Validated by `EVENTS` where one is read. A worker holds thousands, and a model would take six times as much memory.
    """

    __pydantic_config__: ClassVar = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    op: Annotated[Op, Field(strict=False)]
    shop_no: ShopNo
    image_id: ImageId
    version: Annotated[int, Field(ge=1, le=MAX_VERSION)]
    retry_count: Annotated[int, Field(ge=0, le=MAX_RETRIES)] = 0
    requested_at: datetime
    product_id: ProductId | None = None
    source_url: str | None = None
    """For readers only; not validated, so that a URL rule of another release never makes a record unreadable."""
    external_version: ExternalVersion | None = None
    correlation_id: CorrelationId | None = None
    last_error: LastError | None = None
    origin: Annotated[str, Field(max_length=8)] | None = None
    """On whose behalf, where it is not the shop's: `repair` for what an operator republished."""

    @property
    def key(self) -> tuple[int, bytes]:
        """The row's key: shop number and the id's bytes."""
        return self.shop_no, self.image_id.encode()


EVENTS: Final = TypeAdapter(ImageEvent)
"""Reads events from JSON, and writes them."""
