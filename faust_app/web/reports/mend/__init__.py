"""The pages of what a shop can mend: groups, lists, search, one picture, and trying again."""
