"""How fast sources are: what is measured of them, how many slots they may hold, and when their deferred events come back.

A source is a shop's host. No I/O and no clock: times are arguments, in seconds of any clock that never goes back.
"""
