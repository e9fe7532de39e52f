"""What a request needs: the scope by its method and path, and the shop by its route. What is not listed here needs most."""

from typing import Final

from aiohttp import web

from faust_app.core.operators.access import Sender, shops_text
from faust_app.web.problems import Problem

READS: Final = frozenset({"GET", "HEAD"})
REPORTS: Final = "/reports"
"""The pages of shops, and all that is below them."""
ENTER: Final = f"{REPORTS}/enter"
LET_US_IN: Final = f"{REPORTS}/let-us-in"
_OPEN: Final = ("/health", "/ready", "/admin/log-in", "/docs", "/docs/", "/docs/openapi.json", "/docs/asyncapi.json", ENTER, LET_US_IN)
_OPEN_BELOW: Final = ("/admin/static/", "/admin/log-in/", "/i/")
_SCOPES: Final = (
    # path and what is below it, scope to read, scope to change; the first match counts
    ("/admin/users", "admin", "admin"),
    ("/admin/sessions", "view", "view"),
    ("/admin/log-out", "view", "view"),
    ("/admin/zone", "view", "view"),
    ("/admin", "view", "operate"),
    ("/v1/republish", "view", "operate"),
    ("/v1/causes", "view", "operate"),
    ("/v1/alerts", "view", "operate"),
    ("/v1/lanes", "view", "operate"),
    ("/v1/shop-controls", "view", "operate"),
    (REPORTS, "view", "operate"),
    ("/v1/statistics", "view", "operate"),
    ("/v1", "view", "intake"),
)
_OF_SHOP: Final = {
    ("v1", "report-link"): "view", ("v1", "report-sessions"): "operate", ("v1", "test-fetches"): "view", ("v1", "retries"): "operate",
    ("reports", "test-fetches"): "view", ("reports", "leave"): "view", ("reports", "retries"): "retry",
}  # fmt: skip
"""Scopes of changes by the first and last part of a shop's path, where they are not those of `_SCOPES`."""
_PEOPLE: Final = ("/admin", "/lag", "/stalled", "/fairness", REPORTS)
_NARROWED: Final = (
    "/lag", "/stalled", "/v1/changes", "/v1/republish", "/v1/audit", "/admin/audit", "/admin/sessions", "/admin/log-out", "/admin/zone",
)  # fmt: skip
"""Paths without a shop that are open to a sender who is limited to shops: they say nothing of a shop, or narrow themselves."""
_SHOPS_CHARACTERS: Final = 300
_SHOP_PARTS: Final = 4
"""Parts of the shortest path with a shop and something below it: `/reports/7/leave`."""
_CONTROLS: Final = "controls"
_IMAGES: Final = "images"
"""What is below it in `/v1/shops/7/images/...` ends with the id of an image, which can be any word."""
_NARROWED_EXACTLY: Final = ("/", "/admin", "/admin/")


def needed_scope(method: str, path: str) -> str | None:
    """Return the scope a request needs, None for what is open to all."""
    if path in _OPEN or path.startswith(_OPEN_BELOW):
        return None
    parts = path.split("/")
    may_name = method not in READS and len(parts) >= _SHOP_PARTS and not (parts[1] == "v1" and _IMAGES in parts)
    if may_name and parts[1:3] == ["v1", "shops"] and parts[4:5] == [_CONTROLS]:
        return "operate"
    of_shop = _OF_SHOP.get((parts[1], parts[-1])) if may_name else None
    if of_shop is not None:
        return of_shop
    for prefix, read, change in _SCOPES:
        if _is_below(path, prefix):
            return read if method in READS else change
    return "view"


def is_for_people(path: str) -> bool:
    """Return whether browsers show this path as a page."""
    return path == "/" or any(_is_below(path, prefix) for prefix in _PEOPLE)


def is_report(path: str) -> bool:
    """Return whether this is a page of a shop."""
    return _is_below(path, REPORTS)


def refuse_foreign_shop(sender: Sender, request: web.Request) -> None:
    """Raise Problem if the sender is limited to shops and the route names another one, or none."""
    if sender.shops is None:
        return
    shop = request.match_info.get("shop_no")
    if shop is not None:
        # What is no number reaches no shop: the handler refuses it by name.
        if shop.isascii() and shop.isdecimal() and not sender.reaches(int(shop[:17])):
            raise foreign_shop(sender)
        return
    if not is_narrowed(request.path):
        raise Problem(403, f"{sender.name} is limited to {_shops(sender)}; this address reaches all shops")


def is_narrowed(path: str) -> bool:
    """Return whether a path without a shop is open to a sender who is limited to shops."""
    return path in _NARROWED_EXACTLY or any(_is_below(path, prefix) for prefix in _NARROWED)


def foreign_shop(sender: Sender) -> Problem:
    """Return the problem of a request for a shop that the sender may not reach."""
    return Problem(403, f"{sender.name} is limited to {_shops(sender)}")


def _shops(sender: Sender) -> str:
    return shops_text(sender.shops)[:_SHOPS_CHARACTERS]


def _is_below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(f"{prefix}/")
