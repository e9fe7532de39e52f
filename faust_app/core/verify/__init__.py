"""What must be true of everything that is stored; shares no code with what writes it."""
