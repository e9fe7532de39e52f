"""The statistics store of one machine: an embedded ClickHouse behind ClickHouse's own HTTP dialect."""
