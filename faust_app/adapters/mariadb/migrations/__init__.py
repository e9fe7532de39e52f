"""Migrations of the schema: plain SQL, one statement at a time, each safe to repeat after a migration that stopped halfway."""
