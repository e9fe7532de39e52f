"""What the reports of shops cost."""
