"""Bulk republish: plan, control and run."""
