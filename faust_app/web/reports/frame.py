"""The frame of a shop's pages: navigation, language, headers, and errors as pages."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from faust_app.core.failure import Unavailable
from faust_app.core.operators.access import Sender
from faust_app.web.admin.frame import exists, page_headers
from faust_app.web.admin.static import StaticFiles
from faust_app.web.auth.tokens import sender_or_none
from faust_app.web.problems import Problem, problem_pages, unavailable, wants_page
from faust_app.web.reports.language import ENGLISH, LANGUAGES, PARAMETER, Language, language_of, remember
from faust_app.web.reports.texts import TEXTS

PATH: Final = "/reports"
SHOP: Final = PATH + "/{shop_no}"
SEGMENT: Final = 2
"""Where `/reports/{shop_no}` has the shop."""
NAVIGATION: Final = (("frame.figures", SHOP), ("frame.mend", SHOP + "/mend"), ("frame.let_us_in", PATH + "/let-us-in"))
"""Every page of the navigation in its order; one that is not registered is left out."""


class ReportProblem(Problem):
    """A problem whose sentence is translated: people read it in their language, machines in English."""

    def __init__(self, status: int, key: str, **values: object) -> None:
        super().__init__(status, ENGLISH.text(key, **values))
        self.key = key
        self.values = values


class ReportFrame:
    """Renders pages inside of the layout.

    `zone` is the platform's; `ancestors` are the origins whose pages may show these pages in a frame. A template has `language`,
    which has the texts, and `link`, which adds the language to an address of ours where the reader's address has it.
    """

    def __init__(self, static: StaticFiles, zone: ZoneInfo, now: Callable[[], datetime], *, ancestors: Sequence[str] = ()) -> None:
        self.zone = zone
        self.now = now
        self._headers = page_headers(ancestors)
        self._environment = Environment(
            loader=PackageLoader("faust_app.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._environment.globals["static"] = static.address

    def page(self, request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
        """Return the template rendered with the values, with the headers of every page."""
        text = self._environment.get_template(template).render({**self._around(request), **values})
        answer = web.Response(status=status, text=text, content_type="text/html", charset="utf-8", headers=self._headers)
        answer.headers["Content-Language"] = language_of(request).code
        answer.enable_compression()
        remember(answer, request)
        return answer

    def problem(self, request: web.Request, problem: Problem) -> web.Response:
        """Return a problem as a page. The sentence of one that is not ours is English; in other languages its status has one."""
        language = language_of(request)
        key = f"problem.{problem.status}" if f"problem.{problem.status}" in TEXTS else "problem.other"
        if isinstance(problem, ReportProblem):
            text = language.text(problem.key, **problem.values)
        else:
            text = problem.detail if language is ENGLISH else language.text(f"{key}.text")
        answer = self.page(request, "reports/problem.html", status=problem.status, title=language.text(key), text=text)
        answer.headers.update(problem.headers)
        return answer

    @property
    def middleware(self) -> object:
        """Shows the errors of a shop's pages to people inside of the frame."""
        return problem_pages(_is_page, self.problem, unavailable_page)

    def _around(self, request: web.Request) -> Mapping[str, Any]:
        language, sender = language_of(request), sender_or_none(request)
        shop = shop_text(request)
        return {
            "layout": "reports/layout.html",
            "language": language,
            "languages": [(each, with_language(request, each)) for each in LANGUAGES.values()],
            "link": lambda path, **given: linked(request, path, **given),
            "sender": sender,
            "shop": shop,
            "navigation": navigation_of(request, language, shop),
            "operators": "/admin" if is_operator(sender) and exists(request, "/admin") else None,
            "all_shops": PATH if is_operator(sender) and exists(request, PATH) else None,
            "zone": self.zone,
            "now": self.now(),
            "path": request.path,
        }


def _is_page(request: web.Request) -> bool:
    return wants_page(request) and (request.path == PATH or request.path.startswith(PATH + "/"))


def unavailable_page(failure: Unavailable) -> Problem:
    """Return the problem of an unavailable dependency for people whom its name says nothing."""
    problem = ReportProblem(503, "problem.503.text")
    problem.headers = unavailable(failure).headers
    return problem


def is_operator(sender: Sender | None) -> bool:
    """Return whether the sender is not limited to shops, and so may read the words of the trade."""
    return sender is not None and sender.shops is None


def shop_text(request: web.Request) -> str | None:
    """Return the shop's number in the path, None where there is none or it is no number."""
    shop = request.match_info.get("shop_no", "")
    return shop if shop.isascii() and shop.isdecimal() and len(shop) <= 16 else None  # noqa: PLR2004 - digits of 2^53


def navigation_of(request: web.Request, language: Language, shop: str | None) -> list[tuple[str, str]]:
    """Return title and path of the pages that exist; those of a shop only where the path names one."""
    reached = [(key, path) for key, path in NAVIGATION if exists(request, path) and (shop is not None or "{" not in path)]
    return [(language.text(key), path.format(shop_no=shop)) for key, path in reached]


def linked(request: web.Request, path: str, /, **given: object) -> str:
    """Return the path with these parameters, leaving out None, in the language that the request's address names."""
    parameters = {name: str(value) for name, value in given.items() if value is not None}
    if (code := request.query.get(PARAMETER)) in LANGUAGES:
        parameters[PARAMETER] = str(code)
    return f"{path}?{urlencode(parameters)}" if parameters else path


def with_language(request: web.Request, language: Language) -> str:
    """Return the address of this page in a language."""
    kept = [(name, value) for name, value in request.query.items() if name != PARAMETER]
    return f"{request.rel_url.raw_path}?{urlencode([*kept, (PARAMETER, language.code)])}"
