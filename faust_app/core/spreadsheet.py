"""Values as cells of a CSV file that people open in a spreadsheet."""

from datetime import datetime
from typing import Final

from faust_app.core.iso_time import iso_time

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""Beginnings that make a spreadsheet run the cell as a formula (OWASP, CSV injection)."""


def cell(value: object) -> str:
    """Return the value as text that no spreadsheet runs: foreign text that begins like a formula gets an apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return iso_time(value)
    if isinstance(value, int | float):
        return str(value)
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) or text.startswith(_FORMULA) else text
