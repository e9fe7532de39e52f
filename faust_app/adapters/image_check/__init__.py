"""Checks images in child processes: a stranger's bytes are decoded nowhere else."""
