"""What the HTTP interface answers about the pages of a shop, as models: documented and checked like the others."""

from typing import Annotated, Literal

from pydantic import Field

from faust_app.web.contract.answers.answer import Answer, NextText, Time
from faust_app.web.contract.answers.images import ListedImage


class MadeLinkAnswer(Answer):
    """A link into the pages of a shop, and until when it works."""

    url: str
    expires_at: Time


class EndedSessions(Answer):
    """How many sessions of a shop were ended."""

    ended: int


class MendGroupAnswer(Answer):
    """Images with one reason and one host: who has to act, and what to do. `next_at` is the first time at which we try again."""

    standing: Literal["act", "trying", "ours"]
    code: str | None
    host: str | None
    images: int
    without_picture: int
    next_at: Time | None
    advice: str


class LastImportAnswer(Answer):
    """A shop's newest import; `seconds` until the file was read.

    `images_in_progress` are those of it on their way, `images_ended_at` when the newest of the others ended; both are null while the file
    is read, and in shops of over 50,000 images.
    """

    number: Annotated[int, Field(alias="import")]
    images: int
    rejected: int
    started_at: Time
    ended_at: Time | None
    seconds: float | None
    images_in_progress: int | None
    images_ended_at: Time | None


class MendAnswer(Answer):
    """How a shop stands: images wanted, shown, and shown in an older version; and what it can mend.

    `answer_seconds` is the mean time in which its server answered of late.
    """

    wanted: int
    shown: int
    shown_is_at_least: bool
    older: int
    in_progress: int
    pictureless_products: int
    last_import: LastImportAnswer | None
    answer_seconds: float | None
    groups: list[MendGroupAnswer]


class PicturelessProductAnswer(Answer):
    """A product that shows no picture: its failed images, and one of them."""

    product_id: str
    product_name: str | None
    sku: str | None
    failed_images: int
    image_id: str
    error_code: str | None
    advice: str | None


class ProductPage(Answer):
    """A page of products, by id."""

    products: list[PicturelessProductAnswer]
    next: NextText


class FoundImages(Answer):
    """Images of a shop that a text may mean."""

    images: list[ListedImage]


class RetriedAnswer(Answer):
    """The republish run that was started: images that are tried again, and images left out."""

    run: int
    images: int
    skipped: int


class RedirectAnswer(Answer):
    """One redirect, without the query string of the address that it leads to."""

    status: int
    to: str


class TestResultAnswer(Answer):
    """What a worker met. Without a `code` the image would be stored, and is `content_type`, `width` by `height` pixels."""

    __test__ = False  # pytest takes a name that begins so for a test

    seconds: float
    status: int | None
    redirects: list[RedirectAnswer]
    announced_type: str | None
    size: Annotated[int | None, Field(alias="bytes")]
    content_type: str | None
    width: int | None
    height: int | None
    code: str | None
    detail: str | None
    advice: str | None


class TestFetchAnswer(Answer):
    """A test fetch; `expired` means that no worker was free, or the one that had it is gone."""

    __test__ = False

    number: int
    state: Literal["waiting", "running", "done", "expired"]
    url: str
    asked_at: Time
    result: TestResultAnswer | None
