"""Alerts: what is counted, when it is told, and in which words."""
