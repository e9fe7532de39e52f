"""Which names and passwords an account may have; every refusal is a sentence without the password."""

import re
import unicodedata
from typing import Final

MIN_PASSWORD: Final = 12
MAX_PASSWORD: Final = 200
"""Characters; a longer one costs us more to hash than it costs an attacker to send."""
_DISTINCT: Final = 5
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
_KNOWN: Final = (
    "password",
    "passwort",
    "123456789",
    "qwertyui",
    "qwertzui",
    "letmein",
    "iloveyou",
    "administrator",
    "changeme",
    "shop-images",
)
"""What lists of stolen passwords begin with; a password must not be one of them with an ending."""
_ENDING: Final = re.compile(r"[\d!?.#*_-]*")


def name_problem(name: str) -> str | None:
    """Return why this cannot be an account's name, None if it can."""
    if _NAME.fullmatch(name):
        return None
    return "must be 1 to 64 of a-z, 0-9, '.', '_', '@', '+' and '-', beginning with a letter or a digit"


def password_problem(password: str, name: str) -> str | None:
    """Return why this cannot be the password of the account, None if it can."""
    if len(password) < MIN_PASSWORD:
        return f"must have at least {MIN_PASSWORD} characters"
    if len(password) > MAX_PASSWORD:
        return f"must have at most {MAX_PASSWORD} characters"
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in password):
        return "must not contain control characters"
    lowered = normalised(password).lower()
    if len(set(lowered)) < _DISTINCT:
        return f"must have at least {_DISTINCT} different characters"
    if len(name) >= 3 and name.lower() in lowered:  # noqa: PLR2004 - a shorter name is in too many words
        return "must not contain the name of the account"
    if any(lowered.startswith(known) and _ENDING.fullmatch(lowered, len(known)) for known in _KNOWN):
        return "is one of the first that an attacker tries"
    return None


def normalised(password: str) -> str:
    """Return the password as it is hashed, so that two keyboards that encode one letter differently agree."""
    return unicodedata.normalize("NFKC", password)
