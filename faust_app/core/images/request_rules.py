"""What a request may do to its row, and the rules by which `transitions.accept` decides it.

A request that asks for what the row already wants is *repeated*. While the image is in progress it changes nothing but the
time of the newest request: same version, no history, no event. Whoever settles sees by that time that it was asked for
again after the worker had read its row, and lets one more fetch follow, since the bytes may have changed under it. An image
that is done is fetched again, two seconds after it was done at the earliest, so a burst of repeated requests costs two
fetches and not one for each. A deletion of what is deleted, or being deleted, changes nothing. A sender's own revision
makes a request new.
"""

from dataclasses import dataclass
from datetime import datetime

from faust_app.core.images.row import FETCHED_AGAIN_AFTER, ImageRow, ImageState
from faust_app.core.messages.events import ImageRequest, Op


@dataclass(frozen=True, slots=True)
class Accepted:
    """The image's newest request: this is the row as it has to be written.

    Not `at_once`, its event is left to the publisher of due rows.
    """

    row: ImageRow
    at_once: bool = True


@dataclass(frozen=True, slots=True)
class Superseded:
    """A newer request is already known: the row stays as it is."""

    row: ImageRow


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The row already wants, or shows, just this: nothing to do but to keep what the request says beside it.

    That is when the image was last asked for, where that is later, and how the shop's people call the product.
    """

    row: ImageRow


Decision = Accepted | Superseded | Unchanged


def is_repeated(row: ImageRow, request: ImageRequest) -> bool:
    """Return whether the row wants, or shows, what is asked for; what failed is not repeated, it is tried anew."""
    if row.version == 0 or row.state is ImageState.FAILED or request.external_version is not None:
        return False
    if request.op is Op.DELETE or row.op is Op.DELETE:
        return request.op is row.op
    return row.source_url == request.source_url and request.product_id in {None, row.product_id}


def begins_at(row: ImageRow, now: datetime) -> datetime:
    """Return when a repeated request of a done image is worked on: some time after the fetch before it."""
    return now if row.updated_at is None else row.updated_at + FETCHED_AGAIN_AFTER


def is_superseded(row: ImageRow, request: ImageRequest, requested_at: datetime) -> bool:
    """Return whether the row knows a newer request: by the sender's own revisions where both have one, else by their times."""
    if row.version == 0:
        return False
    if request.external_version is not None and row.external_version is not None:
        return request.external_version <= row.external_version
    return requested_at < row.requested_at
