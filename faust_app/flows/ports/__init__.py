"""The outside as the flows see it: small Protocols, each with a fake and a real implementation under one contract suite."""
