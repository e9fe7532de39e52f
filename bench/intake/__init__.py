"""How fast and how soon a request is accepted."""
