"""The figures of a shop, and of all shops, as page, CSV and JSON."""
