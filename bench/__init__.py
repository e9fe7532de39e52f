"""Benchmarks on the real services: one file a question, one table out. `make bench` runs them all."""
