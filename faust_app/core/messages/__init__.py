"""Contract of the topics and catalogue files, and its validation."""
