"""Faust wiring: topics, agents, the dispatcher, the reader of requests, timers. No decision of its own."""
