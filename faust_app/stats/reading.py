"""Which statements only read, as far as their words say: a GET, which links and browsers send unasked, runs no others."""

import re
from typing import Final

READING: Final = ("SELECT", "WITH", "SHOW", "DESCRIBE", "EXISTS")
_COMMENT: Final = re.compile(r"/\*.*?\*/|--[^\n]*|#[ !][^\n]*", re.DOTALL)
_BEGINS: Final = re.compile(rf"[\s(]*(?:{'|'.join(READING)}|DESC)\b", re.IGNORECASE)
# The engine runs whatever follows a semicolon, and an INSERT may follow WITH. A quoted word counts too: POST takes such statements.
_WRITES: Final = re.compile(r"\bINSERT\b|\bOUTFILE\b|;\s*\S", re.IGNORECASE)


def only_reads(statement: str) -> bool:
    """Return whether it is one statement that reads. Where that is not certain it is not so."""
    # A marker of comments may stand in quotes: what writes is looked for in the whole text.
    return _BEGINS.match(_COMMENT.sub(" ", statement)) is not None and _WRITES.search(statement) is None
