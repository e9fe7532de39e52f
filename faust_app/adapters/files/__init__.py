"""Readers of files that users supply: as streams, in bounded memory."""
