"""Faust wiring: topics, agents, the dispatcher, the reader of requests, periodic tasks. Makes no decisions about images."""
