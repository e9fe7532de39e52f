"""What the people of a shop do: come in by a link, see what they can mend, have it tried again, and test an address."""
