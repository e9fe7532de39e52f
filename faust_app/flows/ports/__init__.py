"""Ports: small Protocols the flows use to reach the outside, each with a fake and a real implementation under one contract suite."""
