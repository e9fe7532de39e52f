"""How browsers reach the web process: its own origin, its host, its proxies, and the cookie of a session."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from faust_app.core.operators.remote import Network, remote_of
from faust_app.web.problems import Problem

_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}
_COOKIE: Final = "shop_images"
_VISIT_COOKIE: Final = "shop_images_report"


class Entrance:
    """The address that people use, `public_url`; without one, whatever address a request came to."""

    def __init__(self, public_url: str | None = None, proxies: Sequence[Network] = ()) -> None:
        parts = urlsplit(public_url) if public_url is not None else None
        self._scheme = parts.scheme if parts is not None else None
        self._host = _host(parts.netloc, parts.scheme) if parts is not None else None
        self._proxies = proxies

    @property
    def cookie(self) -> str:
        """The name of the session's cookie. `__Host-` makes the browser refuse one that a sibling domain or plain HTTP sets."""
        return self._named(_COOKIE)

    @property
    def visit_cookie(self) -> str:
        """The name of the cookie of a shop's session."""
        return self._named(_VISIT_COOKIE)

    def set_cookie(self, response: web.StreamResponse, name: str, token: str) -> None:
        """Give the browser a session's token, for as long as it runs; scripts cannot read it and other sites cannot send it."""
        response.set_cookie(name, token, path="/", httponly=True, samesite="Strict", secure=self._scheme == "https")

    def clear_cookie(self, response: web.StreamResponse, name: str) -> None:
        """Make the browser forget the token."""
        response.del_cookie(name, path="/", httponly=True, samesite="Strict", secure=self._scheme == "https")

    def remote(self, request: web.Request) -> str | None:
        """Return the address of the sender."""
        return remote_of(request.remote, request.headers.getall("X-Forwarded-For", ()), self._proxies)

    def refuse_foreign_host(self, request: web.Request) -> None:
        """Raise Problem if a page was asked for under a name that is not ours: another site may have pointed its name at us."""
        if self._host is not None and _host(request.host, self._scheme) != self._host:
            raise Problem(421, "this address is not the one of WEB_PUBLIC_URL, under which the pages are reached")

    def refuse_foreign_origin(self, request: web.Request) -> None:
        """Raise Problem if a change was not sent by one of our own pages.

        Browsers send `Sec-Fetch-Site` over TLS and to this machine, and `Origin` with every change; scripts can set neither.
        """
        site = request.headers.get("Sec-Fetch-Site")
        if site is not None:
            if site == "same-origin":
                return
        elif request.headers.get("Origin") in self._origins(request):
            return
        raise Problem(403, "this change was not sent by a page of ours; open the page and send it again")

    def _named(self, name: str) -> str:
        return f"__Host-{name}" if self._scheme == "https" else name

    def _origins(self, request: web.Request) -> set[str]:
        if self._host is not None:
            return {f"{self._scheme}://{self._host}"}
        return {f"http://{request.host}"}


def _host(netloc: str, scheme: str | None) -> str:
    """Return host and port as browsers write them: lower case, without the port that the scheme implies."""
    name, colon, port = netloc.rpartition("@")[2].lower().rpartition(":")
    return name if colon and port == _DEFAULT_PORTS.get(scheme or "") else netloc.rpartition("@")[2].lower()
