"""Benchmarks on the real services, one file per question; `make bench` prints the figures in one table."""
