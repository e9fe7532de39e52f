"""Pages about people: log-in, sessions, users, and what they changed."""
