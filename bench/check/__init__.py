"""What the check of an image costs, and what it refuses."""
