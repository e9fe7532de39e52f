"""Which way to move an image costs the least CPU: the product beside the least code and other frameworks, in turns."""
