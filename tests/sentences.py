"""What a detail has to be that a person reads: a sentence, and no name of a class."""

import re

_CLASS = re.compile(r"\b[A-Za-z]*[a-z](?:Error|Exception|Timeout)\b")
_QUOTED = re.compile(r"(?:Storage|Kafka) answered .*")
"""The codes of storage and Kafka are their own words, some of which look like names of classes."""


def is_sentence(text: str) -> bool:
    whole = re.fullmatch(r"[A-Z0-9].*[a-z].* .*\.", text) is not None
    return whole and (_QUOTED.match(text) is not None or _CLASS.search(text) is None)
