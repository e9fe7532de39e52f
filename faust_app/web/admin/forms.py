"""Reads what a page of ours sends: a small form of known fields."""

from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web

from faust_app.web.contract.bodies import read_body
from faust_app.web.problems import Problem

MAX_FORM_BYTES: Final = 8 * 1024
_FORM: Final = "application/x-www-form-urlencoded"
_NUMBER_DIGITS: Final = 15


async def form_of(request: web.Request, *fields: str) -> dict[str, str]:
    """Return the fields of a form, empty where one is missing. Raises Problem for anything that our pages do not send."""
    if request.content_type != _FORM:
        raise Problem(415, f"send the form as {_FORM}")
    body = await read_body(request, MAX_FORM_BYTES)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body), errors="strict", max_num_fields=len(fields) + 1)
    except ValueError as error:
        raise Problem(400, "the form cannot be read") from error
    values = dict.fromkeys(fields, "")
    seen = set()
    for name, value in pairs:
        if name not in values or name in seen:
            raise Problem(400, f"the form has a field that is unknown or repeated; it has {', '.join(fields) or 'none'}")
        seen.add(name)
        values[name] = value
    return values


def number_of(text: str | None, field: str) -> int | None:
    """Return a number of a row; None if it is not given. Raises Problem that names the field."""
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= _NUMBER_DIGITS):
        raise Problem(400, f"{field} must be a number", errors=[(field, "must be a number")])
    return int(text)


def refuse_unknown(request: web.Request, *known: str) -> None:
    """Raise Problem for a parameter that a page does not have, or has twice."""
    for name in request.query:
        if name not in known:
            raise Problem(
                400,
                f"{name[:64]!r} is not a parameter of this page: {', '.join(known) or 'it has none'}",
                errors=[(name[:64], "is not known")],
            )
        if len(request.query.getall(name)) > 1:
            raise Problem(400, f"the parameter {name} is given twice", errors=[(name, "is given more than once")])


def see_other(path: str) -> web.Response:
    """Return the answer to a change that was made: the page that shows it."""
    return web.Response(status=303, headers={"Location": path, "Cache-Control": "no-store"})
