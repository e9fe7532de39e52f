"""Where a list of images by id goes on: an id in letters that an address may hold."""

import base64
import binascii


def cursor_of(image_id: bytes) -> str:
    """Return the cursor behind this image."""
    return base64.urlsafe_b64encode(image_id).decode()


def image_id_behind(cursor: str) -> bytes:
    """Return the image id of a cursor. Raises ValueError for text that is none."""
    try:
        return base64.b64decode(cursor, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be the `next` of the page before") from None
