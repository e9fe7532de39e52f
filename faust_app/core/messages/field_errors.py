"""What is wrong with the fields of a message or form, in the product's words: pydantic's speak to programmers, of its own types."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import ValidationError

from faust_app.core.messages.strict_json import plain_name
from faust_app.core.messages.zoned_time import NOT_A_TIME

_TIME: Final = NOT_A_TIME
_NUMBER: Final = "must be a number"
_WHOLE: Final = "must be a whole number"
_REASONS: Final[dict[str, str | Callable[[Mapping[str, Any]], str]]] = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "string_type": "must be text",
    "string_unicode": "must be valid Unicode",
    "string_too_short": lambda known: _at_least(known["min_length"], "characters"),
    "string_too_long": lambda known: f"must have at most {known['max_length']:,} characters",
    "string_pattern_mismatch": "has characters that are not allowed here",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "enum": lambda known: f"must be {_choice(known['expected'])}",
    "literal_error": lambda known: f"must be {_choice(known['expected'])}",
    "greater_than_equal": lambda known: f"must be at least {known['ge']:,}",
    "greater_than": lambda known: f"must be above {known['gt']:,}",
    "less_than_equal": lambda known: f"must be at most {known['le']:,}",
    "less_than": lambda known: f"must be below {known['lt']:,}",
    "too_short": lambda known: _at_least(known["min_length"], "entries"),
    "too_long": lambda known: f"must have at most {known['max_length']:,} entries",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "set_type": "must be a list",
    "frozen_set_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "dataclass_type": "must be an object",
    "model_attributes_type": "must be an object",
    "json_invalid": lambda known: f"must be JSON: {known['error']}",
    "json_type": "must be JSON",
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_from_date_parsing": _TIME,
    "datetime_object_invalid": _TIME,
}
_OTHER: Final = "is not valid"
_TOO_SHORT: Final = "too_short"
_OURS: Final = "value_error"
"""The type of what a validator of ours raises; its text is a sentence already."""


def problems(error: ValidationError) -> list[tuple[str, str]]:
    """Return what is wrong as (field, reason) pairs, in the contract's words and without the offending values.

    A validator of a whole message names the field itself, as in `since: needs a time zone`.
    """
    found = []
    for problem in error.errors(include_url=False, include_input=False):
        field = ".".join(str(part) if isinstance(part, int) else plain_name(part) for part in problem["loc"])
        reason = reason_of(problem["type"], problem["msg"], problem.get("ctx", {}))
        named, colon, rest = reason.partition(": ")
        if problem["type"] == _OURS and colon and named.isidentifier():
            field, reason = f"{field}.{named}" if field else named, rest
        found.append((field or "body", reason, problem["type"]))
    # A list whose entries are wrong also counts as too short.
    within = {field.rpartition(".")[0] for field, _, _ in found}
    return [(field, reason) for field, reason, kind in found if not (kind == _TOO_SHORT and field in within)]


def reason_of(kind: str, text: str, known: Mapping[str, Any]) -> str:
    """Return one reason; `known` are the limits of the field, never what was sent."""
    if kind == _OURS:
        return text.removeprefix("Value error, ")
    reason = _REASONS.get(kind, _OTHER)
    return reason if isinstance(reason, str) else reason(known)


def _at_least(least: int, things: str) -> str:
    return "must not be empty" if least == 1 else f"must have at least {least} {things}"


def _choice(expected: str) -> str:
    """Return the values there are, which pydantic writes as 'a', 'b' or 'c'."""
    return "one of " + expected.replace(" or ", ", ").replace("'", "") if " or " in expected else expected.replace("'", "")
