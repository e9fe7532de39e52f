"""Kafka: publishing, offsets, dead letters, topics."""
