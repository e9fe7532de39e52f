"""The page of the shop, and what tells browsers that it has changed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web
from jinja2 import Environment, FileSystemLoader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from devstack.sample.shops import Assortment
    from devstack.shop_page.pictures import Pictures
    from devstack.shop_page.products import Product
    from devstack.shop_page.reader import FeedReader

LATEST = 6
ALIVE_EVERY = 15.0
"""Seconds after which a browser is sent a line though nothing is new, so that a closed one is noticed."""
POLICY = "default-src 'none'; img-src * data:; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; connect-src 'self'"


class ShopPage:
    """Shows the products with the pictures that the feed told of."""

    def __init__(self, shop: Assortment, products: Sequence[Product], pictures: Pictures, reader: FeedReader) -> None:
        self._shop = shop
        self._products = products
        self._pictures = pictures
        self._reader = reader
        self._templates = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)

    async def page(self, _request: web.Request) -> web.Response:
        """Show the whole page."""
        return self._rendered("page.html")

    async def products(self, _request: web.Request) -> web.Response:
        """Show the part of the page that changes."""
        return self._rendered("products.html")

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Send the browser an event whenever the part has changed, until it hangs up."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        with suppress(ConnectionResetError):
            while True:
                changed = self._reader.changed  # before the write: what changes during it is not lost
                await response.write(b"data: changed\n\n")
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), ALIVE_EVERY)
        return response

    def _rendered(self, template: str) -> web.Response:
        by_product = self._pictures.by_product()
        text = self._templates.get_template(template).render(
            shop=self._shop,
            name=self._shop.site.partition(".")[0].replace("-", " ").title(),
            products=[(product, by_product.get(product.number, [])) for product in self._products],
            latest=self._pictures.latest(LATEST),
            connected=self._reader.connected,
        )
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-store"})


def create_application(shop: Assortment, products: Sequence[Product], pictures: Pictures, reader: FeedReader) -> web.Application:
    """Return the application; it reads the feed while it runs."""
    page = ShopPage(shop, products, pictures, reader)
    application = web.Application()
    application.router.add_get("/", page.page)
    application.router.add_get("/products", page.products)
    application.router.add_get("/events", page.events)

    async def reading(_application: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(reader.run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        pictures.close()

    application.cleanup_ctx.append(reading)
    return application
