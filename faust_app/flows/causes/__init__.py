"""Causes of failed images: read, and decided about."""
