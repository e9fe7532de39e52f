"""The self-check: what is mis-set or unreachable, judged from what was found."""
