"""The self-check: asks every part at once, and says what is mis-set or unreachable."""
