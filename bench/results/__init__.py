"""How soon outcomes are told, and what telling costs."""
