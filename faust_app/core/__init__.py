"""Decisions: pure, synchronous, without a clock. Imports the standard library and pydantic only.

What belongs here takes values and returns values: the topics' contract, the row and its transitions, what to do with an
event, what follows from a failure. No input or output, no logging, no library of an outside system.
"""
