"""What of a stranger's text may go further: into a row, a header, a log line or an alert.

Sources, storage and senders are strangers. Their text may hold bytes of no encoding (aiohttp hands them over as lone
surrogates), control characters that write lines of their own into a log, and more than a column holds.
"""

from typing import Final

from faust_app.core.redact import redact_text

MAX_DETAIL: Final = 500
"""Characters of a detail; rows and headers keep as many."""


def one_line(text: str, limit: int = MAX_DETAIL) -> str:
    """Return foreign text as it may be shown: one line, printable, valid Unicode, at most `limit` characters."""
    shown = " ".join("".join(letter if letter.isprintable() else " " for letter in text[: 2 * limit]).split())
    return shown if len(shown) <= limit else shown[: limit - 2] + " …"


def detail_of(text: str) -> str:
    """Return the text as the detail of a failure: `one_line`, without what addresses in it may hide."""
    return one_line(redact_text(text[: 4 * MAX_DETAIL]))


def plain_ascii(text: str | None, limit: int) -> str | None:
    """Return the text if it is printable ASCII of at most `limit` characters, else None: for what is kept and sent back."""
    return text if text and len(text) <= limit and text.isascii() and text.isprintable() else None
