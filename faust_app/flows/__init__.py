"""Use cases, one per file: each gathers its input, decides, acts and settles.

Flows reach the outside only through the Protocols of `ports`, leave every decision to `core`, and know neither Faust nor
HTTP nor any library's exception.
"""
