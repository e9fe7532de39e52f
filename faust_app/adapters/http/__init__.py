"""HTTP from us to others: the shops' sources, and the operator's messenger."""
