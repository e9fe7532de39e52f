"""Garbage, retention, growth and daily jobs: what is due, and what is reported."""
