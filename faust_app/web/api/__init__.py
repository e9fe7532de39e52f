"""Intake and reading over HTTP, for machines."""
