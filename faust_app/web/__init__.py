"""HTTP only: reads requests, asks flows and repository, writes answers. No decision of its own."""
