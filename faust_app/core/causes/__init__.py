"""Causes of failed images: how many images each has, and what people decided about it."""
