"""How long do other shops wait while one has a burst? Each case runs with fair shares and without, on the real services."""
