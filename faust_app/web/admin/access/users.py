"""`/admin/users`: who may log in. Accounts are changed by `shop-images user`."""

from typing import Final

from aiohttp import web

from faust_app.core.operators.access import shops_text
from faust_app.flows.ports.operators import Accounts
from faust_app.web.admin.forms import refuse_unknown
from faust_app.web.admin.frame import Frame

PATH: Final = "/admin/users"


class UsersPage:
    """Serves the list to administrators."""

    def __init__(self, frame: Frame, accounts: Accounts) -> None:
        self._frame = frame
        self._accounts = accounts

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the route."""
        router.add_get(PATH, self.list)

    async def list(self, request: web.Request) -> web.Response:
        """Show every account, by name."""
        refuse_unknown(request)
        return self._frame.page(request, "admin/users.html", listed=await self._accounts.listed(), shops_of=shops_text)
