"""What operators set for all workers: pauses of lanes, controls of shops."""
