"""`/admin/shops/{shop_no}/controls`: what operators set for a shop, by whom and why, and the forms that set and lift it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import nan
from typing import Final

from aiohttp import web

from faust_app.core.dispatch.lanes import REASON_CHARACTERS, hours_of
from faust_app.core.dispatch.shop_controls import SCALES, ControlKind, ShopControl
from faust_app.flows.controls.shop_desk import ControlDraft, ControlRefusedError, ShopDesk
from faust_app.web.admin.forms import form_of, refuse_unknown, see_other
from faust_app.web.admin.frame import Frame
from faust_app.web.api.shop_controls import kind_of
from faust_app.web.auth.tokens import actor_of
from faust_app.web.contract.bodies import shop_no_of

PATH: Final = "/admin/shops/{shop_no}/controls"
_SEGMENT: Final = 3
KINDS: Final = {
    ControlKind.PAUSE: "pause: nothing starts, nothing is accepted",
    ControlKind.WEIGHT: f"weight: its share beside others, {SCALES[ControlKind.WEIGHT].range}",
    ControlKind.SLOTS: f"slots: at most so many in each worker, {SCALES[ControlKind.SLOTS].range}",
    ControlKind.RATE: f"rate: at most so many images a minute, {SCALES[ControlKind.RATE].range}",
}
"""The choices of the form."""


@dataclass(frozen=True, slots=True)
class ControlForm:
    """The section of a shop's controls: what holds, what was typed into the form, and what is wrong with it, by field."""

    shop_no: int
    holding: Sequence[ShopControl]
    given: Mapping[str, str]
    faults: Mapping[str, str]
    kinds: Mapping[ControlKind, str]
    longest_reason: int = REASON_CHARACTERS

    @property
    def pauses(self) -> bool:
        """Whether the shop is paused."""
        return any(control.kind is ControlKind.PAUSE for control in self.holding)


def control_form(
    shop_no: int, holding: Sequence[ShopControl], given: Mapping[str, str] | None = None, faults: Mapping[str, str] | None = None
) -> ControlForm:
    """Return the section as a page shows it."""
    return ControlForm(shop_no, holding, given or {}, faults or {}, KINDS)


class ShopControlPages:
    """Serves the controls of a shop. The shop's own page has the same section, and its forms lead here."""

    def __init__(self, frame: Frame, desk: ShopDesk) -> None:
        self._frame = frame
        self._desk = desk

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get(PATH, self.show)
        router.add_post(PATH, self.set)
        router.add_post(PATH + "/{kind}/lift", self.lift)

    async def show(self, request: web.Request) -> web.Response:
        """Show what holds for the shop, also for one that has never sent anything."""
        refuse_unknown(request)
        return await self._page(request, {}, {})

    async def set(self, request: web.Request) -> web.Response:
        """Set a control; each fault is shown beside its field."""
        shop_no, given = shop_no_of(request, _SEGMENT), await form_of(request, "kind", "value", "reason", "hours")
        try:
            await self._desk.set(shop_no, _draft(given), actor_of(request))
        except ControlRefusedError as error:
            return await self._page(request, given, {error.field: str(error)})
        return see_other(PATH.format(shop_no=shop_no))

    async def lift(self, request: web.Request) -> web.Response:
        """Lift a control; where none holds nothing changes."""
        shop_no, kind = shop_no_of(request, _SEGMENT), kind_of(request)
        await form_of(request)
        await self._desk.lift(shop_no, kind, actor_of(request))
        return see_other(PATH.format(shop_no=shop_no))

    async def _page(self, request: web.Request, given: Mapping[str, str], faults: Mapping[str, str]) -> web.Response:
        shop_no = shop_no_of(request, _SEGMENT)
        form = control_form(shop_no, await self._desk.controls(shop_no), given, faults)
        return self._frame.page(request, "admin/shop_controls.html", status=400 if faults else 200, controls=form)


def _draft(given: Mapping[str, str]) -> ControlDraft:
    """Read the form. Raises ControlRefusedError."""
    try:
        kind = ControlKind(given["kind"])
    except ValueError:
        raise ControlRefusedError("kind", f"must be one of {', '.join(ControlKind)}") from None
    return ControlDraft(kind, _value(given["value"].strip()), given["reason"], _lasts(given["hours"].strip()))


def _value(text: str) -> float | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        return nan  # which no kind takes


def _lasts(hours: str) -> timedelta | None:
    if not hours:
        return None
    try:
        return hours_of(hours)
    except ValueError as error:
        raise ControlRefusedError("until", f"{error}, or empty") from None
