"""Daily figures of a shop: what they count, how they add up, and when they are final."""
