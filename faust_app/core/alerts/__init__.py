"""Alerts: what is counted, when it is reported, and in which words."""
