"""What the self-check says of one thing: how it stands, and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How one thing stands."""

    OK = "ok"
    WARNING = "warning"  #: works, but not as well or as safely as it should
    ERROR = "error"  #: does not work, or will lose something


_ORDER = (Verdict.OK, Verdict.WARNING, Verdict.ERROR)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: a thing by its name, its verdict, what was found, and what to do about it."""

    subject: str
    verdict: Verdict
    found: str
    remedy: str = ""

    @property
    def rank(self) -> int:
        """0 for OK, more for worse."""
        return _ORDER.index(self.verdict)


def ok(subject: str, found: str) -> Finding:
    """Return that the thing is as it should be."""
    return Finding(subject, Verdict.OK, found)


def warning(subject: str, found: str, remedy: str) -> Finding:
    """Return that the thing works, and could be better."""
    return Finding(subject, Verdict.WARNING, found, remedy)


def error(subject: str, found: str, remedy: str) -> Finding:
    """Return that the thing does not work."""
    return Finding(subject, Verdict.ERROR, found, remedy)


def worst(findings: Iterable[Finding]) -> Verdict:
    """Return the worst verdict; OK without findings."""
    return _ORDER[max((finding.rank for finding in findings), default=0)]
