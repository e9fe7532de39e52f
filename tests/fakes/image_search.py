"""Search over the rows of the fake repository."""

from collections import Counter
from collections.abc import Sequence

from faust_app.core.images.row import ImageRow, ImageState
from tests.fakes.image_repository import FakeImageRepository


class FakeImageSearch:
    """Implements `ImageSearch`."""

    def __init__(self, repository: FakeImageRepository) -> None:
        self._repository = repository

    async def of_shop(self, shop_no: int, *, state: ImageState | None, product_id: str | None, after: bytes, limit: int) -> list[ImageRow]:
        rows = [row for row in self._rows() if row.shop_no == shop_no and row.image_id > after]
        return [row for row in rows if state in {None, row.state} and product_id in {None, row.product_id}][:limit]

    async def named(self, shop_no: int, image_ids: Sequence[bytes]) -> list[ImageRow]:
        return [row for row in self._rows() if row.shop_no == shop_no and row.image_id in image_ids]

    async def counts(self, shop_no: int) -> dict[ImageState, int]:
        return dict(Counter(row.state for row in self._rows() if row.shop_no == shop_no))

    async def by_image_id(self, image_id: bytes, limit: int) -> list[ImageRow]:
        return [row for row in self._rows() if row.image_id == image_id][:limit]

    async def by_label(self, label: str, limit: int) -> list[ImageRow]:
        of_sku = [row for row in self._rows() if row.sku == label]
        named = [row for row in self._rows() if row.sku != label and (row.product_name or "").casefold() == label.casefold()]
        return (of_sku + named)[:limit]

    async def shops_of_product(self, product_id: str, limit: int) -> list[int]:
        return sorted({row.shop_no for row in self._rows() if row.product_id == product_id})[:limit]

    async def by_correlation_id(self, correlation_id: str, limit: int) -> list[ImageRow]:
        return [row for row in self._rows() if row.correlation_id == correlation_id][:limit]

    async def by_source_url(self, url: str, limit: int) -> list[ImageRow]:
        return [row for row in self._rows() if row.source_url == url][:limit]

    def _rows(self) -> list[ImageRow]:
        return sorted((row for row in self._repository.rows.values() if row.version), key=lambda row: row.key)
