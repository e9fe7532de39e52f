"""Faust's consumer as a worker uses it: nothing is left behind when partitions move, and a delivery that waits for nothing is no task."""
