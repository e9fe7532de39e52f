"""What an image costs each part, and what that means for a thousand times more."""
