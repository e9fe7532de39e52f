"""How far the workers are behind, which images are unfinished, whether a worker makes progress."""
