"""`/admin/audit`: what operators changed, newest first."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from faust_app.flows.ports.operators import AuditLog
from faust_app.web.admin.forms import number_of, refuse_unknown
from faust_app.web.admin.frame import Frame
from faust_app.web.auth.tokens import sender_of
from faust_app.web.problems import Problem

PATH: Final = "/admin/audit"
PAGE: Final = 50
_MAX_ACTOR: Final = 120
_MAX_ACTION: Final = 40


class AuditPage:
    """Serves the list. Whoever is limited to shops sees what they did themselves, since entries belong to no shop."""

    def __init__(self, frame: Frame, audit: AuditLog) -> None:
        self._frame = frame
        self._audit = audit

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the route."""
        router.add_get(PATH, self.list)

    async def list(self, request: web.Request) -> web.Response:
        """Show entries that match what is asked for, a page at a time."""
        refuse_unknown(request, "actor", "action", "before")
        sender = sender_of(request)
        actor = sender.name if sender.shops is not None else _text(request, "actor", _MAX_ACTOR)
        action = _text(request, "action", _MAX_ACTION)
        before = number_of(request.query.get("before"), "before")
        rows = await self._audit.newest(actor=actor, action=action, before=before, limit=PAGE)
        older = _address(actor, action, rows[-1].number) if len(rows) == PAGE else None
        return self._frame.page(
            request, "admin/audit.html", rows=rows, details=[_lines(row.detail) for row in rows], actor=actor, action=action, before=before,
            older=older, newest=_address(actor, action, None), actions=await self._audit.actions(), limited=sender.shops is not None,
        )  # fmt: skip


def _address(actor: str | None, action: str | None, before: int | None) -> str:
    given = {"actor": actor, "action": action, "before": before}
    query = urlencode({name: value for name, value in given.items() if value})
    return f"{PATH}?{query}" if query else PATH


def _text(request: web.Request, name: str, longest: int) -> str | None:
    text = request.query.get(name, "").strip()
    if len(text) > longest or not text.isprintable():
        raise Problem(400, f"{name} must be at most {longest} printable characters", errors=[(name, "is not valid")])
    return text or None


def _lines(detail: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return a detail as names and values; what is nested stands beside the rest."""
    lines: list[tuple[str, str]] = []
    for name, value in detail.items():
        if isinstance(value, dict):
            lines += [(inner, _value(each)) for inner, each in value.items()] or [(name, "everything")]
        elif value is not None:
            # Shops stand in lists, without separators: a bare number is an amount.
            lines.append((name, f"{value:,}" if type(value) is int else _value(value)))
    return lines


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_value(each) for each in value)
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)
