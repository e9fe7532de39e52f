"""Which event of a worker starts next: a queue for each source, and how many may run at once."""
