"""Benchmarks on the real services, one folder a subject and one file a question; `python -m bench NAME` runs one and prints its table."""
