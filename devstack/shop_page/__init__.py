"""A sample shop: its own products, and pictures of which it knows only what the feed of changes told it."""
