"""Who may log in, who is logged in, and what they changed."""
