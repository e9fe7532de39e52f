"""The controls of a report: what was asked for, what else can be asked, and what is wrong, beside its field."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from aiohttp import web

from faust_app.core.statistics.calendar import first_kept
from faust_app.core.statistics.compare import Compare
from faust_app.core.statistics.periods import Granularity
from faust_app.core.statistics.ranges import Preset
from faust_app.web.reports.figures.query import Fault, Query
from faust_app.web.reports.frame import linked
from faust_app.web.reports.language import PARAMETER, language_of

_FIELDS: Final = ("range", "from", "to", "by", "compare", "figure")
_LONGEST: Final = 40


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the things that a control offers."""

    text: str
    link: str
    is_current: bool


class Form:
    """The controls, for a query or for the faults of one: every control is a link, or a field of a form that is sent by GET."""

    def __init__(self, request: web.Request, today: date, asked: Query | Sequence[Fault]) -> None:
        self.path = request.path
        self.today = today
        self.oldest = first_kept(today)
        self._request = request
        self._language = language_of(request)
        self._query = asked if isinstance(asked, Query) else None
        self._faults: Sequence[Fault] = () if isinstance(asked, Query) else asked

    def asked(self, **changed: object) -> str:
        """Return the address that asks for the same with some parameters changed; None leaves one out."""
        return linked(self._request, self.path, **{**self._parameters(), **changed})

    def wrong(self, field: str) -> list[str]:
        """Return what is wrong with a field."""
        return [fault.text(self._language) for fault in self._faults if fault.field == field]

    @property
    def others(self) -> list[str]:
        """What is wrong with fields that the page does not show."""
        return [fault.text(self._language) for fault in self._faults if fault.field not in _FIELDS]

    @property
    def first(self) -> str:
        """The first day that is shown, or what was given for it."""
        return str(self._query.question.shown.first) if self._query else self._request.query.get("from", "")[:_LONGEST]

    @property
    def last(self) -> str:
        """The last day that is shown, or what was given for it."""
        return str(self._query.question.shown.last) if self._query else self._request.query.get("to", "")[:_LONGEST]

    @property
    def kept(self) -> list[tuple[str, object]]:
        """The parameters beside the range, which the form sends along."""
        parameters = {**self._parameters(), PARAMETER: self._request.query.get(PARAMETER)}
        return [(name, value) for name, value in parameters.items() if value is not None and name not in {"range", "from", "to"}]

    @property
    def presets(self) -> list[Choice]:
        """The named ranges."""
        current = self._query.preset if self._query else None
        return [
            Choice(
                self._language.text(f"preset.{each.value}"), self.asked(**{"range": each.value, "from": None, "to": None}), each is current
            )
            for each in Preset
        ]

    @property
    def granularities(self) -> list[Choice]:
        """What a row may stand for."""
        return self._choices("by", Granularity, self._query.question.by if self._query else None)

    @property
    def comparisons(self) -> list[Choice]:
        """What the figures may be compared with."""
        current = self._query.question.compare if self._query else None
        nothing = Choice(
            self._language.text("figures.compare.nothing"), self.asked(compare=None), self._query is not None and current is None
        )
        return [nothing, *self._choices("compare", Compare, current)]

    def _choices(self, field: str, values: Iterable[StrEnum], current: StrEnum | None) -> list[Choice]:
        texts = [(each, self._language.text(f"figures.{field}.{each.value}")) for each in values]
        return [Choice(text, self.asked(**{field: each.value}), each is current) for each, text in texts]

    def _parameters(self) -> dict[str, object]:
        return self._query.parameters() if self._query else {}
