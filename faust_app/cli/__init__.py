"""The commands of `shop-images`: each a function over assembled parts, called by `__main__`, which parses the arguments."""
