"""The frame of every operator's page: navigation, times in the chosen zone, headers, and errors as pages."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo, available_timezones

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from faust_app.core.operators.access import Sender, shops_text
from faust_app.web.admin.static import StaticFiles
from faust_app.web.auth.rules import is_narrowed, needed_scope
from faust_app.web.auth.tokens import sender_or_none
from faust_app.web.pages.render import NOTHING, count, span
from faust_app.web.problems import Problem, problem_pages, wants_page


def page_headers(ancestors: Sequence[str] = ()) -> Mapping[str, str]:
    """Return the headers of every page; `ancestors` are the origins whose pages may show it in a frame."""
    # Everything comes from ourselves, and nothing runs that stands inside of a page, whatever a shop wrote into its data.
    framing = " ".join(ancestors) or "'none'"
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self';"
        f" base-uri 'none'; frame-ancestors {framing}"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
        "Cache-Control": "no-store",
    }
    return headers if ancestors else {**headers, "X-Frame-Options": "DENY"}


HEADERS: Final = page_headers()
NAVIGATION: Final = (
    ("Overview", "/admin/overview"),
    ("Causes", "/admin/causes"),
    ("Lag", "/lag"),
    ("Unfinished", "/stalled"),
    ("Fair shares", "/fairness"),
    ("Lanes", "/admin/lanes"),
    ("Republish", "/admin/republish"),
    ("Shops", "/admin/shops"),
    ("Records", "/admin/records"),
    ("Reports", "/reports"),
    ("Statistics", "/admin/statistics"),
    ("Alerts", "/admin/alerts"),
    ("Timeline", "/admin/timeline"),
    ("Status", "/admin/status"),
    ("Audit", "/admin/audit"),
)
"""Every page of the navigation in its order; one that is not registered is left out."""
_LAYOUT: Final = "admin/layout.html"
SEARCH: Final = "/admin/search"
ZONE_COOKIE: Final = "zone"
ZONES: Final = frozenset(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/"))) | {"UTC"}
_FULL: Final = "%Y-%m-%d %H:%M:%S"


class Frame:
    """Renders pages inside of the layout; `zone` is the platform's."""

    def __init__(self, static: StaticFiles, zone: ZoneInfo, now: Callable[[], datetime]) -> None:
        self._zone = zone
        self._now = now
        self._environment = Environment(
            loader=PackageLoader("faust_app.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(_FILTERS)
        self._environment.globals["static"] = static.address

    def page(self, request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
        """Return the template rendered with the values, with the headers of every page."""
        text = self._environment.get_template(template).render({**self._around(request), **values})
        return web.Response(status=status, text=text, content_type="text/html", charset="utf-8", headers=HEADERS)

    def problem(self, request: web.Request, problem: Problem) -> web.Response:
        """Return a problem as a page."""
        answer = self.page(request, "admin/problem.html", status=problem.status, problem=problem)
        answer.headers.update(problem.headers)
        return answer

    def zone_of(self, request: web.Request) -> ZoneInfo:
        """Return the zone that the reader chose, else the platform's."""
        name = request.cookies.get(ZONE_COOKIE, "")
        return ZoneInfo(name) if name in ZONES else self._zone

    @property
    def middleware(self) -> object:
        """Shows errors to people as pages; machines get them as problem details."""
        return problem_pages(wants_page, self.problem)

    def _around(self, request: web.Request) -> Mapping[str, Any]:
        sender = sender_or_none(request)
        return {
            "layout": _LAYOUT,
            "sender": sender,
            "shops": shops_text(sender.shops) if sender is not None else "",
            "navigation": navigation_of(request, sender),
            "search": SEARCH if sender is not None and sender.shops is None and exists(request, SEARCH) else None,
            "query": request.query.get("q", ""),
            "zone": self.zone_of(request),
            "now": self._now(),
            "path": request.path,
            "partial": "HX-Request" in request.headers,
        }


def navigation_of(request: web.Request, sender: Sender | None) -> list[tuple[str, str]]:
    """Return the pages that exist and that the sender may open."""
    if sender is None:
        return []
    reached = [(title, path) for title, path in NAVIGATION if sender.shops is None or is_narrowed(path)]
    return [(title, path) for title, path in reached if exists(request, path) and needed_scope("GET", path) in sender.scopes]


def exists(request: web.Request, path: str) -> bool:
    """Return whether this process has a route of this path."""
    return any(resource.canonical == path for resource in request.app.router.resources())


@pass_context
def moment(context: Context, at: datetime | None) -> str:
    """Return a UTC time in the reader's zone, to the second."""
    return NOTHING if at is None else f"{at.replace(tzinfo=UTC).astimezone(context['zone']):{_FULL}}"


def utc(at: datetime) -> str:
    """Return a UTC time as a machine reads it."""
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"


@pass_context
def ago(context: Context, at: datetime | None) -> str:
    """Return how long ago a UTC time was, or in how long it will be."""
    if at is None:
        return NOTHING
    seconds = (context["now"] - at).total_seconds()
    if abs(seconds) < 1:
        return "now"
    return f"{roughly(seconds)} ago" if seconds > 0 else f"in {roughly(-seconds)}"


def roughly(seconds: float) -> str:
    """Return a duration in its largest unit; beside the exact time more would be noise."""
    number, unit, *_ = span(seconds).split(" ")
    return f"{number} {unit}"


def capitalize_first(text: str) -> str:
    """Return the text with its first letter in upper case, and the others as they are."""
    return text[:1].upper() + text[1:]


def quoted(image_id: bytes) -> str:
    """Return an image id as a segment of a path."""
    return quote(image_id, safe="")


def code(text: str) -> Markup:
    """Return a text with what stands between backticks as code."""
    parts = [escape(part) for part in text.split("`")]
    return Markup("").join(Markup("<code>{}</code>").format(part) if n % 2 else part for n, part in enumerate(parts))


_FILTERS: Final[dict[str, Any]] = {
    "span": span, "count": count, "moment": moment, "utc": utc, "ago": ago, "capitalize_first": capitalize_first, "quoted": quoted,
    "code": code,
}  # fmt: skip
