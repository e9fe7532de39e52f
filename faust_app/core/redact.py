"""What of an address may be shown: a query string may carry a signature, so it never is."""

from urllib.parse import urlsplit, urlunsplit


def redact_query(url: str) -> str:
    """Return the URL with its query and fragment replaced by `?...` where it has one."""
    parts = urlsplit(url)
    shown = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    return f"{shown}?..." if parts.query or parts.fragment else shown
