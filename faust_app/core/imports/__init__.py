"""Catalogue files: what they say, the record of their import, and how they compare with what is shown."""
