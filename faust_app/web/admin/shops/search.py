"""`/admin/search`: one box for shops, images, products, object keys and addresses."""

from typing import Final

from aiohttp import web

from faust_app.core.images.objects import folder_of
from faust_app.core.images.row import ImageRow
from faust_app.core.images.search import SearchTerms, search_terms
from faust_app.flows.ports.images import ImageFolders, ImageSearch
from faust_app.web.admin.forms import refuse_unknown, see_other
from faust_app.web.admin.frame import SEARCH, Frame
from faust_app.web.admin.shops.images import TONES
from faust_app.web.pages.render import path_of

_LIMIT: Final = 50


class SearchPage:
    """Serves the results; a single one is shown at once."""

    def __init__(self, frame: Frame, search: ImageSearch, folders: ImageFolders) -> None:
        self._frame = frame
        self._search = search
        self._folders = folders

    def register(self, router: web.UrlDispatcher) -> None:
        """Add the route."""
        router.add_get(SEARCH, self.get)

    async def get(self, request: web.Request) -> web.Response:
        """Show what the text may mean."""
        refuse_unknown(request, "q")
        text = request.query.get("q", "").strip()
        terms = search_terms(text)
        images = await self._images(terms)
        shops = [terms.shop_no] if terms.shop_no is not None and await self._search.counts(terms.shop_no) else []
        products = await self._search.shops_of_product(terms.any_id, _LIMIT) if terms.any_id else []
        if len(images) + len(shops) + len(products) == 1:
            if images:
                return see_other(path_of(*images[0].key))
            if shops:
                return see_other(f"/admin/shops/{shops[0]}")
        return self._frame.page(
            request, "admin/search.html", text=text[:200], shops=shops, products=products, product=terms.any_id,
            rows=[(row, row.image_id.decode(), path_of(*row.key)) for row in images], limit=_LIMIT, tones=TONES,
        )  # fmt: skip

    async def _images(self, terms: SearchTerms) -> list[ImageRow]:
        found: dict[tuple[int, bytes], ImageRow] = {}
        if terms.image is not None:
            found |= {row.key: row for row in await self._search.named(terms.image[0], [terms.image[1]])}
        if terms.any_id is not None:
            found |= {row.key: row for row in await self._search.by_image_id(terms.any_id.encode(), _LIMIT)}
        if terms.source_url is not None:
            found |= {row.key: row for row in await self._search.by_source_url(terms.source_url, _LIMIT)}
        folder = folder_of(terms.object_key) if terms.object_key is not None else None
        if folder is not None:
            found |= {row.key: row for row in (await self._folders.rows_in([folder])).values()}
        return list(found.values())[:_LIMIT]
