"""Gather, decide, act, settle: one reason to run a file.

Flows reach the outside only through the Protocols of `ports`, ask `core` for every decision, and know neither Faust nor
HTTP nor any library's exception.
"""
