"""Bulk republish: which images are meant, which are left out and why, how fast, and whether it helped."""
