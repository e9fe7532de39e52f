"""Pages about how the installation does, and what can be done."""
