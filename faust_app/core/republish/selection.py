"""Which images an operator means by a republish."""

import hashlib
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from faust_app.core.messages.events import ImageId, ProductId, ShopNo
from faust_app.core.messages.zoned_time import ZonedTime
from faust_app.core.operators.access import Shops

MAX_IMAGES: Final = 10_000
MAX_VALUES: Final = 1000
"""Most shops, codes or hosts of one selection."""


class SelectedState(StrEnum):
    """A state that images are selected by; those in progress are told apart."""

    FAILED = "failed"
    LOST = "lost"  #: in progress, and their event left no outcome
    DONE = "done"
    QUEUED = "queued"
    SCHEDULED = "scheduled"
    DELETED = "deleted"


class Override(StrEnum):
    """A reason to skip that an operator may set aside, and has to say why."""

    ADDRESS_REFUSED = "address_refused"
    SIZE_REFUSED = "size_refused"
    REPUBLISHED_OFTEN = "republished_often"


class ImageRef(BaseModel):
    """One image by its ids."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    shop_no: ShopNo
    image_id: ImageId

    @property
    def key(self) -> tuple[int, bytes]:
        """The row's key."""
        return self.shop_no, self.image_id.encode()


_State = Annotated[SelectedState, Field(strict=False)]
_Code = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
_Host = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")]
_Text = Annotated[str, Field(min_length=1, max_length=300)]


class Selection(BaseModel):
    """Images that match everything that is given; `images` are named one by one.

    Times are those of the last change of a row, with a zone. Without anything: every image that failed or is lost.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    shops: Annotated[tuple[ShopNo, ...], Field(max_length=MAX_VALUES, strict=False)] = ()
    states: Annotated[tuple[_State, ...], Field(min_length=1, strict=False)] = (SelectedState.FAILED, SelectedState.LOST)
    codes: Annotated[tuple[_Code, ...], Field(max_length=MAX_VALUES, strict=False)] = ()
    hosts: Annotated[tuple[_Host, ...], Field(max_length=MAX_VALUES, strict=False)] = ()
    cause: _Text | None = Field(None, description="Fingerprint of a cause, as lists of failures show it.")
    judged_by: Annotated[str, Field(min_length=1, max_length=120)] | None = Field(None, description="Release that wrote the last outcome.")
    since: ZonedTime | None = None
    until: ZonedTime | None = None
    product_id: ProductId | None = None
    images: Annotated[tuple[ImageRef, ...], Field(max_length=MAX_IMAGES, strict=False)] = ()
    include_good: bool = Field(False, description="Fetch images again that are fine today.")
    overrides: Annotated[tuple[Annotated[Override, Field(strict=False)], ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ValueError("until: must be after since")
        if self.product_id is not None and len(self.shops) != 1:
            raise ValueError("product_id: needs exactly one shop, whose product it is")
        return self

    def is_within(self, limits: Shops) -> bool:
        """Return whether it can select no image of a shop beyond these; without shops and ids it selects any shop's."""
        if limits is None:
            return True
        named = set(self.shops) or {image.shop_no for image in self.images}
        return bool(named) and named <= limits

    @property
    def digest(self) -> bytes:
        """What two selections of the same images have in common, whatever order they are written in."""
        values = self.model_dump(mode="json")
        for name in ("shops", "states", "codes", "hosts", "overrides"):
            values[name] = sorted(set(values[name]))
        values["images"] = sorted({(image["shop_no"], image["image_id"]) for image in values["images"]})
        return hashlib.sha256(repr(sorted(values.items())).encode()).digest()
