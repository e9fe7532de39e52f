"""A child of the check that decodes by simplejpeg, refusing what libjpeg-turbo warns of: a candidate, if it is installed."""

import importlib
import importlib.util
import sys
from typing import Any, Final

from faust_app.adapters.image_check.child import serve
from faust_app.core.failure import FailureCode, Permanent
from faust_app.core.sources.content import ImageFacts

NAME: Final = "simplejpeg"
_DRAFT: Final = 8


def is_installed() -> bool:
    """Return whether the candidate can be measured: it is no dependency of the product, nor of its tests."""
    return importlib.util.find_spec(NAME) is not None


def decode(content: bytes) -> None:
    """Decode as little as the candidate can: brightness, at an eighth. Raises ValueError for whatever libjpeg-turbo warns of."""
    candidate: Any = importlib.import_module(NAME)
    candidate.decode_jpeg(content, colorspace="GRAY", min_factor=_DRAFT, strict=True)


def check(content: bytes) -> ImageFacts:
    """Return facts that say nothing. Raises Permanent."""
    try:
        decode(content)
    except ValueError as error:
        raise Permanent(FailureCode.IMAGE_BROKEN, str(error)) from error
    return ImageFacts("image/jpeg", "jpg", 1, 1)


if __name__ == "__main__":
    importlib.import_module(NAME)
    serve((check, check), int(sys.argv[1]), int(sys.argv[2]))
