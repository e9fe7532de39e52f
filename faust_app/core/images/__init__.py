"""An image: its row, the transitions of the row, the plan of an event, its outcome."""
