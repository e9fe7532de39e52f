"""The sample catalogue: WooCommerce product exports of a few shops, whose pictures the sample image source generates.

`python -m devstack.sample` regenerates the `shop-*.csv` files beside this one; the result is always the same.
"""
