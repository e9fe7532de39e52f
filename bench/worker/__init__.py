"""What a worker costs, by CPU, memory and time."""
