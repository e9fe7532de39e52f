"""Every detail in the code is a sentence: what is written there is read, so that no rare failure is left out."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "faust_app"
TOLD = {"GiveUp": 1, "Failed": 2, "Retry": 2, "Deferred": 3, "Refused": 2, "Unknown": 0, "_Died": 0}
TOLD |= dict.fromkeys(("Permanent", "Transient", "Unavailable"), 1)
"""Where the detail stands in what is told to people."""


def details() -> Iterator[tuple[str, ast.expr]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TOLD:
                at = TOLD[node.func.id]
                named = [keyword.value for keyword in node.keywords if keyword.arg == "detail"]
                for value in [*node.args[at : at + 1], *named]:
                    yield f"{path.relative_to(PACKAGE)}:{value.lineno}", value


WRITTEN = [(place, value) for place, value in details() if isinstance(value, ast.Constant | ast.JoinedStr)]


def test_the_details_are_found() -> None:
    assert len(WRITTEN) > 50


@pytest.mark.parametrize(("place", "value"), WRITTEN, ids=[place for place, _ in WRITTEN])
def test_a_detail_is_written_as_a_sentence(place: str, value: ast.expr) -> None:
    parts = value.values if isinstance(value, ast.JoinedStr) else [value]
    first, last = parts[0], parts[-1]
    assert not isinstance(first, ast.Constant) or str(first.value)[0].isupper(), place
    assert not isinstance(last, ast.Constant) or str(last.value).endswith("."), place
    assert " " in ast.unparse(value), place


def test_nobody_is_told_the_name_of_an_errors_class() -> None:
    """Logs have tracebacks; `type(x).__name__` serves for our own values alone."""
    named = re.compile(r"type\([\w.]*(?:error|cause|guilty)\).__name__")
    lines = [line.strip() for path in PACKAGE.rglob("*.py") for line in path.read_text().splitlines()]
    assert [line for line in lines if named.search(line) and not line.startswith("log.")] == []
