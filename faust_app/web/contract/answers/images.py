"""Answers about images: what a request did, where one stands, and lists of them."""

from typing import Literal

from faust_app.web.contract.answers.answer import Answer, FieldError, NextText, State, Time


class AcceptedImage(Answer):
    """What a request did: the version it made, or the one that stays."""

    version: int
    state: State
    superseded: Literal[True] | None = None
    unchanged: Literal[True] | None = None


class BatchResult(Answer):
    """What became of one item of a batch; `index` counts from 0."""

    index: int
    result: Literal["accepted", "unchanged", "superseded", "invalid"]
    image_id: str | None = None
    correlation_id: str | None = None
    version: int | None = None
    state: State | None = None
    errors: list[FieldError] | None = None


class BatchAnswer(Answer):
    """What became of a batch."""

    accepted: int
    unchanged: int
    superseded: int
    invalid: int
    items: list[BatchResult]


class Failure(Answer):
    """The last failure of an image, and what can be done."""

    code: str
    detail: str | None
    advice: str | None


class WaitingSource(Answer):
    """The host that an image waits for."""

    host: str
    failing_since: Time | None
    next_try_at: Time | None
    code: str | None
    advice: str | None


class Scheduled(Answer):
    """What an unfinished image waits for."""

    at: Time | None
    reason: str
    why: str | None
    host: str | None
    held_by: list[str] | None = None
    source: WaitingSource | None = None


class EventPosition(Answer):
    """Where the event of an image stands in Kafka."""

    topic: str
    partition: int
    offset: int


class ShownPicture(Answer):
    """What is shown; the query string of its address is left out."""

    version: int
    object_key: str
    source_url: str
    sha256: str
    bytes: int
    content_type: str
    width: int
    height: int


class TimelineEntry(Answer):
    """One line of an image's timeline."""

    at: Time | None
    version: int
    outcome: str
    code: str | None
    detail: str | None
    bytes: int | None


class ImageAnswer(Answer):
    """Where an image stands, with its timeline, newest first."""

    shop_no: int
    image_id: str
    product_id: str | None
    product_name: str | None
    sku: str | None
    state: State
    op: Literal["register", "update", "delete"]
    version: int
    external_version: int | None
    shown_version: int | None
    source_url: str | None
    requested_at: Time | None
    open_since: Time | None
    attempt: int
    scheduled: Scheduled | None
    position: EventPosition | None
    error: Failure | None
    url: str | None
    shown: ShownPicture | None
    timeline: list[TimelineEntry]
    public_url: str | None


class ListedImage(Answer):
    """An image in a list."""

    image_id: str
    product_id: str | None
    product_name: str | None
    sku: str | None
    state: State
    version: int
    external_version: int | None
    shown_version: int | None
    public_url: str | None
    error_code: str | None
    updated_at: Time | None


class ImagePage(Answer):
    """A page of a shop's images, by id."""

    images: list[ListedImage]
    next: NextText


class ImageName(Answer):
    """An image by its ids."""

    shop_no: int
    image_id: str


class FoundImage(ListedImage):
    """An image with its shop."""

    shop_no: int


class FoundProduct(Answer):
    """A product with its shop."""

    shop_no: int
    product_id: str


class FoundAnswer(Answer):
    """What a text may mean: shops with this number, products with this id, images."""

    shops: list[int]
    products: list[FoundProduct]
    images: list[FoundImage]


class FoundPage(Answer):
    """A page of images of any shop, by shop and id."""

    images: list[FoundImage]
    next: NextText
