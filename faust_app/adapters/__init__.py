"""One outside system a file: each speaks its library, translates its errors to `core.failure`, and decides nothing."""
