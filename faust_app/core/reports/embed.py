"""Which sites may show the pages of shops in a frame."""

import re
from typing import Final

_ORIGIN: Final = re.compile(r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9]\d{0,4})?", re.ASCII)


def parse_origins(text: str) -> tuple[str, ...]:
    """Return the origins of a comma-separated list. Raises ValueError for what is none: a path, a wildcard, capital letters.

    What is returned stands in a header that browsers obey: nothing but scheme, host and port gets there.
    """
    origins = tuple(part.strip() for part in text.split(",") if part.strip())
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError("must be origins like https://admin.example.org, in lower case and without a path")
    return origins


def frame_ancestors(origins: tuple[str, ...]) -> str:
    """Return the directive of the content security policy: these may show a page in a frame, or none may."""
    return f"frame-ancestors {' '.join(origins)}" if origins else "frame-ancestors 'none'"
