"""Rejects JSON that two readers could understand differently, before anything else reads it.

pydantic reads the fields; this rejects what it would accept: size, depth, duplicate names, and numbers that are not JSON.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final, NoReturn

MAX_DOCUMENT_BYTES: Final = 64 * 1024
"""Most bytes of a record, a line or an item: twelve times the longest valid one."""
MAX_DEPTH: Final = 16
_PLAIN_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")


_SPACE: Final = re.compile(r"[ \t\r\n]*")


class NotStrict(ValueError):  # noqa: N818 - a property of the input, not an error of the code
    """The document is rejected; the message says why, and repeats nothing of it but a plain field name."""


def check_strict(raw: bytes, max_bytes: int = MAX_DOCUMENT_BYTES) -> None:
    """Raise NotStrict for what no valid document contains, in time bounded by its size.

    Lone surrogates and the types of fields are left to pydantic.
    """
    if len(raw) > max_bytes:
        raise NotStrict(f"is larger than {max_bytes} bytes")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise NotStrict("is not UTF-8") from None
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise NotStrict(f"is nested deeper than {MAX_DEPTH}")
    try:
        _DECODER.decode(text)
    except NotStrict:
        raise
    except (ValueError, RecursionError):
        raise NotStrict("is not valid JSON") from None


def array_items(raw: bytes) -> list[bytes]:
    """Return the items of a JSON array as they were written, to be checked one by one. Raises NotStrict for anything else."""
    try:
        return list(_items(raw.decode()))
    except (ValueError, RecursionError):
        raise NotStrict("is not a JSON array") from None


def _items(text: str) -> Iterator[bytes]:
    at = _behind(text, 0, "[")
    last = text.startswith("]", at)
    while not last:
        _, end = _SPLITTER.raw_decode(text, at)
        yield text[at:end].encode()
        at = _skip_space(text, end)
        last = text.startswith("]", at)
        if not last:
            at = _behind(text, at, ",")
    if _behind(text, at, "]") != len(text):
        raise ValueError("text after the array")


def _behind(text: str, at: int, mark: str) -> int:
    """Return the offset behind the mark and the space around it. Raises ValueError if the mark is missing."""
    at = _skip_space(text, at)
    if not text.startswith(mark, at):
        raise ValueError(f"no {mark}")
    return _skip_space(text, at + 1)


def _skip_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found is not None else at


def plain_name(name: str) -> str:
    """Return a field's name if it is plain; any other text of a sender is never repeated."""
    return name if _PLAIN_NAME.fullmatch(name) else "(unknown field)"


_BRACKETS: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
"""A string, or a bracket outside of one."""


def _depth(text: str) -> int:
    """Return how deep a document nests, ignoring brackets inside strings."""
    deepest = depth = 0
    for match in _BRACKETS.finditer(text):
        if match[0] in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif match[0] in "]}":
            depth -= 1
    return deepest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise NotStrict(f"names {plain_name(name)} twice")
            seen.add(name)
    return found


def _no_constant(name: str) -> NoReturn:
    raise NotStrict(f"contains {name}, which is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in {float("inf"), float("-inf")}:
        raise NotStrict("contains a number that is too large")
    return value


_MAX_INTEGER_DIGITS: Final = 20


def _integer(text: str) -> int:
    if len(text) > _MAX_INTEGER_DIGITS:
        raise NotStrict("contains a number that is too large")
    return int(text)


_SPLITTER: Final = json.JSONDecoder()
_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite, parse_int=_integer)
