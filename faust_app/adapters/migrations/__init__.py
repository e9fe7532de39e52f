"""The schema's history: plain SQL, one statement at a time, each safe to repeat after a migration that died half way."""
