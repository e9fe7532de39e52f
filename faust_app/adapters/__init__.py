"""Adapters of the outside systems: each uses one system's library, translates its errors to `core.failure`, and decides nothing."""
