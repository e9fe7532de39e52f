"""The commands of `shop-images`: one a file, with its options; `__main__` makes them a group."""
