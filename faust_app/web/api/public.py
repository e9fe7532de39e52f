"""`/i/{shop_no}/{image_id}`: the address that a shop's page can hold before the image is stored."""

from typing import Final
from urllib.parse import quote

from aiohttp import web

from faust_app.core.images.row import ImageKey, ImageRow
from faust_app.core.results.body import public_url
from faust_app.flows.ports.images import ImageRepository
from faust_app.web.contract.bodies import image_id_of, shop_no_of
from faust_app.web.contract.operation import Answered, Operation, described
from faust_app.web.problems import Problem

_FOUND_SECONDS: Final = 60
"""Seconds a redirect may be cached: a replaced image shows for no longer."""
_MISSING_SECONDS: Final = 5
_SHOP_SEGMENT: Final = 2
_IMAGE_SEGMENT: Final = 3


class PublicAddresses:
    """The addresses of images for visitors of a shop.

    `base_url` is the public address of the bucket, `web_url` that of the web process; None where it is not set.
    """

    def __init__(self, base_url: str | None, web_url: str | None) -> None:
        self._base_url = base_url
        self._web_url = web_url

    def of(self, row: ImageRow) -> str | None:
        """Return the address that always leads to what the image shows; None without both settings."""
        if self._base_url is None or self._web_url is None:
            return None
        return f"{self._web_url}/i/{row.shop_no}/{quote(row.image_id, safe='')}"

    def object_of(self, row: ImageRow) -> str | None:
        """Return the address of the object that is shown; None if nothing is, or the setting is missing."""
        return None if row.shown is None else public_url(self._base_url, row.shown.object_key)


class PublicHandlers:
    """Redirects visitors, without a token, to what an image shows."""

    def __init__(self, repository: ImageRepository, public: PublicAddresses) -> None:
        self._repository = repository
        self._public = public

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the route."""
        router.add_get("/i/{shop_no}/{image_id:[^/]+}", self.get)

    @described(Operation({302: Answered("The picture.", headers={"Location": "Its address.", "Cache-Control": "For how long."})}))
    async def get(self, request: web.Request) -> web.Response:
        """Redirect to the object; 404 until the first one is stored."""
        key: ImageKey = (shop_no_of(request, _SHOP_SEGMENT), image_id_of(request, _IMAGE_SEGMENT).encode())
        row = (await self._repository.load([key])).get(key)
        address = None if row is None else self._public.object_of(row)
        if address is None:
            raise Problem(404, "there is no image at this address", headers={"Cache-Control": f"public, max-age={_MISSING_SECONDS}"})
        return web.Response(status=302, headers={"Location": address, "Cache-Control": f"public, max-age={_FOUND_SECONDS}"})
