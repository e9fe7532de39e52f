"""ClickHouse, over its HTTP dialect."""
