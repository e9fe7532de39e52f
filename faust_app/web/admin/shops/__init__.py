"""Pages about what shops sent, and what is shown of it."""
