"""Where the CPU of an image goes."""
