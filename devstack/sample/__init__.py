"""The sample catalogue: WooCommerce product exports of a few shops, whose pictures the sample image source makes.

`python -m devstack.sample` writes the `shop-*.csv` beside this file anew, always the same.
"""
