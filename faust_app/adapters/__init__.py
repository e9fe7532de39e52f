"""One outside system a folder: each speaks its library, translates its errors to `core.failure`, and decides nothing."""
