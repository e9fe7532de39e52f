"""Decides which responses are HTML pages, and renders them. Everything filled in is escaped."""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, Final, Protocol
from urllib.parse import quote

from aiohttp import web

from faust_app.web.problems import Problem

HEADERS: Final = {
    # A page loads and runs nothing, whatever a shop wrote into its data.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Vary": "Accept",
}
NOTHING: Final = "\N{EN DASH}"
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


class Pages(Protocol):
    """Renders what a person gets."""

    def page(self, request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
        """Return the template rendered with the values."""
        ...

    def problem(self, request: web.Request, problem: Problem) -> web.Response:
        """Return a problem as a page."""
        ...


class PlainPages:
    """Renders pages without navigation, as a worker has them."""

    def page(self, _request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
        """Return the template rendered with the values."""
        text = _environment().get_template(template).render({"layout": "base.html", **values})
        return web.Response(status=status, text=text, content_type="text/html", charset="utf-8", headers=HEADERS)

    def problem(self, request: web.Request, problem: Problem) -> web.Response:
        """Return a problem as a page."""
        answer = self.page(request, "problem.html", status=problem.status, title=problem.title_text, detail=problem.detail)
        answer.headers.update(problem.headers)
        return answer


def json_answer(body: dict[str, object]) -> web.Response:
    """Return the body as JSON that must not be cached."""
    return web.json_response(body, headers={"Cache-Control": "no-store", "Vary": "Accept"})


def span(seconds: float | None) -> str:
    """Return a duration in its two largest units."""
    if seconds is None:
        return NOTHING
    whole = round(seconds)
    for unit, name, part, part_name in ((_DAY, "d", _HOUR, "h"), (_HOUR, "h", _MINUTE, "min"), (_MINUTE, "min", 1, "s")):
        if whole >= unit:
            rest = whole % unit // part
            return f"{whole // unit} {name}" + (f" {rest} {part_name}" if rest else "")
    return f"{whole} s"


def utc_text(at: datetime | None) -> str:
    """Return a UTC time without fractions."""
    return NOTHING if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def count(number: float | None) -> str:
    """Return a number for people: whole ones with separators, small rates with one digit."""
    if number is None:
        return NOTHING
    return f"{number:,.1f}" if isinstance(number, float) and number < 10 else f"{number:,.0f}"  # noqa: PLR2004 - digits that matter


def path_of(shop_no: int, image_id: bytes) -> str:
    """Return the path of an image's page in the web process."""
    return f"/admin/shops/{shop_no}/images/{quote(image_id, safe='')}"


_FILTERS: Final[dict[str, Callable[..., str]]] = {"span": span, "moment": utc_text, "count": count}


@cache
def _environment() -> Any:
    """Return what the templates are rendered with."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - 70 ms of each start of a worker, whose pages few open

    environment = Environment(
        loader=PackageLoader("faust_app.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(_FILTERS)
    return environment
