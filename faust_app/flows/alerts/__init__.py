"""Faults are reported, alerts are sent."""
