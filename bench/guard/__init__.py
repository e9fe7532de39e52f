"""Whether the hot path has become slower."""
