"""Tasks that run now and then, each on one worker at a time."""
