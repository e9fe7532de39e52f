"""What fails is left alone for a while: dependencies, sources, our own code."""
