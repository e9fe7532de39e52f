"""Show the sample shop: `python -m devstack.shop_page --port 21109`, with WEB_URL and INTAKE_TOKEN in the environment."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from devstack.ports import Ports
from devstack.sample.catalogue import catalogue_files
from devstack.sample.shops import SHOPS
from devstack.serving import serve
from devstack.shop_page.page import create_application
from devstack.shop_page.pictures import Pictures
from devstack.shop_page.products import read_products
from devstack.shop_page.reader import FeedReader

SHOP = SHOPS[1]


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m devstack.shop_page", description=__doc__)
    parser.add_argument("--port", type=int, default=Ports.default().shop_page, help="port of the page (%(default)s)")
    parser.add_argument("--state", type=Path, default=Path(".devstack/shop-page.sqlite"), help="file of its pictures (%(default)s)")
    arguments = parser.parse_args()
    pictures = Pictures(arguments.state)
    reader = FeedReader(os.environ["WEB_URL"], os.environ["INTAKE_TOKEN"], SHOP.shop, pictures)
    serve(create_application(SHOP, read_products(catalogue_files()[SHOP.shop]), pictures, reader), host="127.0.0.1", port=arguments.port)


if __name__ == "__main__":
    main()
