"""HTTP only: parses requests, calls flows and the repository, writes responses. Makes no decisions of its own."""
