"""A result as text: in its row, and as readers get it."""

import json
from typing import Any, Final

from pydantic_core import to_json

from faust_app.core.iso_time import iso_time
from faust_app.core.results.result import ImageResult, Positioned, Result

_NOTHING: Final[dict[str, Any]] = dict.fromkeys(ImageResult.model_fields)


def body_of(result: Result) -> str:
    """Return the fields of a result as its row keeps them: JSON on one line."""
    return to_json(result.fields).decode()  # written in every transaction that settles: the standard library takes five times as long


def image_result(row: Positioned, public_base_url: str | None) -> dict[str, Any]:
    """Return the fields of the `ImageResult`, all of them, as JSON has them."""
    fields = json.loads(row.body)
    key = fields.pop("object_key", None)
    return {
        **_NOTHING,
        **fields,
        "shop_no": row.shop_no,
        "image_id": None if row.image_id is None else row.image_id.decode(),
        "public_url": public_url(public_base_url, key),
        "at": iso_time(row.at),
        "position": row.position,
    }


def record_value(row: Positioned, public_base_url: str | None) -> bytes:
    """Return the value of the record that tells the result."""
    return to_json(image_result(row, public_base_url))


def record_key(row: Positioned) -> bytes | None:
    """Return the record's key: all results of one image are in one partition; None where no shop is known."""
    return None if row.shop_no is None else b"%d/%s" % (row.shop_no, row.image_id or b"")


def public_url(base_url: str | None, object_key: str | None) -> str | None:
    """Return the address of an object for visitors; None without an object or a base address."""
    return None if base_url is None or object_key is None else f"{base_url}/{object_key}"
