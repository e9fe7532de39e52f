"""A server of generated pictures that plays the shops' image source, faults included.

A picture depends on its address alone: the same address gives the same bytes, on every machine and every day.
"""
