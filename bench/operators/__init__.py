"""What an operator waits for."""
