"""What the address of a report asks for, and what is wrong with it, field by field."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from multidict import MultiMapping

from faust_app.core.messages.strict_json import plain_name
from faust_app.core.statistics.calendar import REPORTED_MONTHS, first_kept
from faust_app.core.statistics.compare import Compare
from faust_app.core.statistics.periods import Granularity, default_granularity
from faust_app.core.statistics.ranges import DayRange, Preset, RangeFault, preset_range, read_range
from faust_app.core.statistics.table import Question
from faust_app.web.reports.figures.columns import REGISTERED, Column, columns_for
from faust_app.web.reports.language import LANGUAGES, PARAMETER, Language

V = TypeVar("V")

VIEW: Final = "operator"
DEFAULT: Final = Preset.DAYS_30
PARAMETERS: Final = ("range", "from", "to", "by", "compare", "figure", "view", PARAMETER)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a field: the key of a text, and what is filled in. A field that the page does not have is shown on its own."""

    field: str
    key: str
    values: Mapping[str, object]

    def text(self, language: Language) -> str:
        """Return it as a sentence."""
        day = {name: language.day(value) if isinstance(value, date) else value for name, value in self.values.items()}
        return language.text(f"fault.{self.key}", **day)


@dataclass(frozen=True, slots=True)
class Query:
    """A question with how it was asked: by a preset, with a granularity or without, and which figure the chart shows."""

    question: Question
    preset: Preset | None = DEFAULT
    by: Granularity | None = None
    figure: Column = REGISTERED
    for_operators: bool = False

    def parameters(self) -> dict[str, object]:
        """Return the parameters of the address that asks for the same."""
        shown, compare = self.question.shown, self.question.compare
        return {
            "range": self.preset.value if self.preset is not None and self.preset is not DEFAULT else None,
            "from": None if self.preset is not None else shown.first,
            "to": None if self.preset is not None else shown.last,
            "by": self.by.value if self.by is not None else None,
            "compare": compare.value if compare is not None else None,
            "figure": self.figure.name if self.figure is not REGISTERED else None,
            "view": VIEW if self.for_operators else None,
        }


def read_query(given: MultiMapping[str], today: date, *, operators: bool, known: tuple[str, ...] = PARAMETERS) -> Query | tuple[Fault, ...]:
    """Read the parameters of a report. `operators` is whether the sender may have their view."""
    faults = [*unknown_faults(given, known)]
    view = one_of("view", given.get("view", ""), {VIEW: True} if operators else {}, faults)
    columns = {column.name: column for column in columns_for(operators=bool(view))}
    figure = one_of("figure", given.get("figure", ""), columns, faults)
    by = one_of("by", given.get("by", ""), {each.value: each for each in Granularity}, faults)
    compare = one_of("compare", given.get("compare", ""), {each.value: each for each in Compare}, faults)
    one_of(PARAMETER, given.get(PARAMETER, ""), LANGUAGES, faults)
    preset, shown = _range(given, today, faults)
    if faults or shown is None:
        return tuple(faults)
    question = Question(shown, by or default_granularity(shown), compare)
    return Query(question, preset, by, figure or REGISTERED, bool(view))


def unknown_faults(given: MultiMapping[str], known: tuple[str, ...]) -> list[Fault]:
    """Return a fault for each parameter that a page does not have, or that is given twice."""
    faults = [
        Fault(plain_name(name), "unknown", {"name": plain_name(name), "known": ", ".join(known)}) for name in given if name not in known
    ]
    twice = sorted({name for name in known if len(given.getall(name, [])) > 1})
    return [*faults, *(Fault(name, "twice", {"name": name}) for name in twice)]


def one_of(field: str, text: str, choices: Mapping[str, V], faults: list[Fault]) -> V | None:
    """Return the choice that a text names, None for an empty text; adds a fault for any other."""
    if text and text not in choices:
        faults.append(Fault(field, "choice", {"choices": ", ".join(choices) or "-"}))
    return choices.get(text)


def _range(given: MultiMapping[str], today: date, faults: list[Fault]) -> tuple[Preset | None, DayRange | None]:
    first, last = given.get("from", "").strip(), given.get("to", "").strip()
    preset = one_of("range", given.get("range", ""), {each.value: each for each in Preset}, faults)
    if not (first or last):
        chosen = preset or DEFAULT
        return chosen, preset_range(chosen, today)
    if given.get("range"):
        faults.append(Fault("range", "both", {}))
    found = read_range(first, last, today)
    if isinstance(found, DayRange):
        return None, found
    faults.extend(range_faults(found, today))
    return None, None


def range_faults(found: Mapping[str, RangeFault], today: date) -> list[Fault]:
    """Return the faults of a range with what their sentences name."""
    values = {"today": today, "oldest": first_kept(today), "months": REPORTED_MONTHS}
    return [Fault(field, fault.value, values) for field, fault in found.items()]
