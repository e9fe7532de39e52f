"""What of an address may be shown: a query string may carry a signature, so it never is."""

import re
from typing import Final
from urllib.parse import urlsplit, urlunsplit

_URL_IN_TEXT: Final = re.compile(r"""(https?://)(?:[^\s/?#"\\@]*@)?([^\s?#"\\]*)[?#](?:[^\s"\\]|\\[^nrt\s])*""", re.IGNORECASE)
"""A query ends with a space, a quote, or an escaped end of line; rather a character too many is left out than one too few."""
_CREDENTIALS_IN_TEXT: Final = re.compile(r"""(https?://)[^\s/?#"\\@]*@""", re.IGNORECASE)


def redact_query(url: str) -> str:
    """Return the URL with its query and fragment replaced by `?...` where it has one."""
    parts = urlsplit(url)
    shown = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    return f"{shown}?..." if parts.query or parts.fragment else shown


def redact_text(text: str) -> str:
    """Return the text with the query, the fragment and the user of every http address in it left out.

    A text may be a traceback or the message of a library's error: nobody can know what they quote.
    """
    if "://" not in text:
        return text
    return _CREDENTIALS_IN_TEXT.sub(r"\1", _URL_IN_TEXT.sub(r"\1\2?...", text))
