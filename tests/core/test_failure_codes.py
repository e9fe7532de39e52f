"""One row a failure code: none can lack a field, and what is decided by code follows from its row."""

import re
from dataclasses import MISSING, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from mypy import api

from faust_app.core.failure import of_source
from faust_app.core.failure_codes import FailureClass, FailureCode, Fault, Remedy, Row, Severity, codes_of, known_code
from faust_app.core.sources.health import BLOCKING, HEARD, OF_THE_HOST, UNWELL

NEW: dict[str, Any] = {
    "code": "new",
    "kind": FailureClass.PERMANENT,
    "severity": Severity.SHOP,
    "fault": Fault.IMAGE,
    "sentence": "Something is new. Wait for a release that knows it.",
    "remedy": Remedy("a newer release.", "deploy it."),
}
SILENT = {FailureCode.SOURCE_UNKNOWN_HOST, FailureCode.SOURCE_UNREACHABLE, FailureCode.SOURCE_TIMEOUT}
REFUSES_US = {FailureCode.SOURCE_UNAUTHORIZED, FailureCode.SOURCE_FORBIDDEN}


def codes_with(row: object) -> Any:
    """Return an enum that makes its only member as the failure codes are made; an enum with members cannot be extended."""

    class Codes(StrEnum):
        __new__ = FailureCode.__dict__["_new_member_"]
        NEW = row

    return Codes


def test_a_code_with_every_field_can_be_made() -> None:
    (code,) = codes_with(Row(**NEW))
    assert (code.value, code.sentence) == ("new", NEW["sentence"])


@pytest.mark.parametrize("name", NEW)
def test_a_code_without_one_of_its_fields_cannot_be_made(name: str) -> None:
    with pytest.raises(TypeError, match=name):
        Row(**{field: value for field, value in NEW.items() if field != name})


@pytest.mark.parametrize("name", ["cause", "step"])
def test_a_remedy_needs_both_its_sentences(name: str) -> None:
    with pytest.raises(TypeError, match=name):
        Remedy(**{field: "." for field in ("cause", "step") if field != name})


def test_no_field_of_a_row_has_a_default() -> None:
    assert {field.name for field in fields(Row)} == set(NEW)
    assert [
        field.name for row in (Row, Remedy) for field in fields(row) if (field.default, field.default_factory) != (MISSING, MISSING)
    ] == []


@pytest.mark.parametrize("value", ["new", ("new", "Something is new.")])
def test_a_code_that_is_no_row_cannot_be_made(value: object) -> None:
    with pytest.raises((AttributeError, TypeError)):
        codes_with(value)


def test_leaving_out_a_field_is_an_error_of_its_type(tmp_path: Path) -> None:
    given = {"code": '"new"', "kind": "FailureClass.BUG", "severity": "Severity.SHOP", "fault": "Fault.IMAGE", "sentence": '"S."'}
    given["remedy"] = 'Remedy("a.", "b.")'
    rows = [given, *({name: value for name, value in given.items() if name != left_out} for left_out in given)]
    lines = [f"Row({', '.join(f'{name}={value}' for name, value in row.items())})" for row in rows]
    snippet = tmp_path / "snippet.py"
    snippet.write_text("\n".join(["from faust_app.core.failure_codes import FailureClass, Fault, Remedy, Row, Severity", *lines]))
    said, _, _ = api.run(["--config-file", str(Path(__file__).parents[2] / "pyproject.toml"), str(snippet)])
    missing = re.findall(r':(\d+): error: Missing positional argument "(\w+)"', said)
    assert missing == [(str(line), name) for line, name in enumerate(given, 3)], said
    assert said.count("error: ") == len(given), said


def test_every_code_says_what_happened_and_what_to_do() -> None:
    assert [code for code in FailureCode if not code.sentence.endswith(".") or not 20 < len(code.sentence) <= 120] == []
    assert [code for code in FailureCode if not (code.remedy.cause.endswith(".") and code.remedy.step.endswith("."))] == []
    assert [code for code in FailureCode if code.remedy.cause[0].isupper() or code.remedy.step[0].isupper()] == []


def test_a_code_is_known_by_its_value_and_that_of_another_release_is_not() -> None:
    assert [known_code(code.value) for code in FailureCode] == list(FailureCode)
    assert [known_code(value) for value in (None, "", "made_tomorrow")] == [None] * 3


def test_what_is_held_against_a_source_follows_from_whose_fault_it_is() -> None:
    of_the_host = SILENT | {FailureCode.SOURCE_TLS, FailureCode.BAD_CERTIFICATE}
    assert of_the_host == OF_THE_HOST
    assert of_the_host | REFUSES_US | {FailureCode.SOURCE_TOO_SLOW, FailureCode.SOURCE_ERROR} == UNWELL
    assert HEARD == UNWELL - SILENT
    assert REFUSES_US == BLOCKING


def test_every_code_is_somebodys_fault_and_shops_answer_for_nothing_of_ours() -> None:
    assert codes_of(*Fault) == set(FailureCode)
    ours = {Fault.SENDER, Fault.DEPENDENCY, Fault.RELEASE}
    assert [code for code in FailureCode if (code.severity is Severity.PLATFORM) != (code.fault in ours)] == []


@pytest.mark.parametrize("code", FailureCode)
def test_the_answer_of_a_source_fails_in_the_class_of_its_code(code: FailureCode) -> None:
    failure = of_source(code, "The source answered with status 400.", retry_after=3.0)
    assert type(failure).__name__ == ("Transient" if code.kind is FailureClass.TRANSIENT else "Permanent")
    assert getattr(failure, "retry_after", 3.0) == 3.0


def test_only_a_missing_or_forbidden_image_gets_a_second_look() -> None:
    assert {code for code in FailureCode if code.kind is FailureClass.CONFIRMED} == {
        FailureCode.SOURCE_NOT_FOUND,
        FailureCode.SOURCE_FORBIDDEN,
    }
