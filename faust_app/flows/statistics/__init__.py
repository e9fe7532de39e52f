"""Loading the daily statistics, and reading reports."""
