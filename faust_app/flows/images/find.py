"""Finds what the text of a search may mean: shops, images, and products."""

from dataclasses import dataclass

from faust_app.core.images.objects import folder_of
from faust_app.core.images.row import ImageKey, ImageRow
from faust_app.core.images.search import SearchTerms, search_terms
from faust_app.flows.ports.images import ImageFolders, ImageSearch


@dataclass(frozen=True, slots=True)
class Found:
    """Shops with this number, shops with a product of this id, and images."""

    shops: list[int]
    products: list[int]
    images: list[ImageRow]
    product_id: str | None


class Find:
    """Searches by every meaning that a text can have."""

    def __init__(self, search: ImageSearch, folders: ImageFolders) -> None:
        self._search = search
        self._folders = folders

    async def __call__(self, text: str, limit: int) -> Found:
        """Return up to `limit` images and products that the text may mean. Raises Unavailable."""
        terms = search_terms(text)
        shops = [terms.shop_no] if terms.shop_no is not None and await self._search.counts(terms.shop_no) else []
        products = await self._search.shops_of_product(terms.any_id, limit) if terms.any_id else []
        return Found(shops, products, await self._images(terms, limit), terms.any_id)

    async def _images(self, terms: SearchTerms, limit: int) -> list[ImageRow]:
        found: dict[ImageKey, ImageRow] = {}
        if terms.image is not None:
            found |= {row.key: row for row in await self._search.named(terms.image[0], [terms.image[1]])}
        if terms.any_id is not None:
            found |= {row.key: row for row in await self._search.by_image_id(terms.any_id.encode(), limit)}
            found |= {row.key: row for row in await self._search.by_correlation_id(terms.any_id, limit)}
        if terms.label is not None:
            found |= {row.key: row for row in await self._search.by_label(terms.label, limit)}
        if terms.source_url is not None:
            found |= {row.key: row for row in await self._search.by_source_url(terms.source_url, limit)}
        folder = folder_of(terms.object_key) if terms.object_key is not None else None
        if folder is not None:
            found |= {row.key: row for row in (await self._folders.rows_in([folder])).values()}
        return list(found.values())[:limit]
