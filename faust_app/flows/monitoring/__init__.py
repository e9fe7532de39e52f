"""Lag and unfinished images, sampled again and again."""
