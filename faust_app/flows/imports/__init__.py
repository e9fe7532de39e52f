"""Imports of catalogue files, and their comparison with what is shown."""
