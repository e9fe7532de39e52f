"""Pages for people, and the same as JSON: lag, unfinished images, health."""
