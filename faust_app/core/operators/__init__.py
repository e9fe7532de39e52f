"""Who operates: what was changed, by whom and from where."""
