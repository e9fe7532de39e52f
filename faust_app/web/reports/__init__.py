"""The pages of a shop: its figures and what belongs to them, in the reader's language, inside of one frame."""
