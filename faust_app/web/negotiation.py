"""Which clients get a page, and which JSON."""

from aiohttp import web


def wants_page(request: web.Request) -> bool:
    """Return whether the client prefers HTML: a browser accepts HTML before JSON, a machine accepts JSON or names neither."""
    accept = request.headers.get("Accept", "").lower()
    html, json = accept.find("text/html"), accept.find("application/json")
    return html >= 0 and (json < 0 or html < json)
