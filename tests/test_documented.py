"""Do the pages say what the code has? A table of settings or metrics that differs is printed as it has to be."""

import re
import types
import typing
from pathlib import Path
from typing import Any

import click
import pytest
from prometheus_client import Counter, Gauge, Histogram
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from faust_app.__main__ import main
from faust_app.adapters.mariadb import image_repository, image_writes
from faust_app.core.alerts.alert import FaultKind
from faust_app.core.failure_codes import FailureClass, FailureCode
from faust_app.core.images import transitions
from faust_app.metrics import Metrics
from faust_app.metrics.loop_histogram import LoopHistogram
from faust_app.settings import Settings

CLONE = Path(__file__).parent.parent
README = (CLONE / "README.md").read_text()
REFERENCE = CLONE / "docs" / "reference"
PAGES = [CLONE / "README.md", CLONE / "CHANGELOG.md", *sorted(CLONE.glob("docs/**/*.md"))]
README_LINES = 200
KINDS = {Counter: "counter", Gauge: "gauge", Histogram: "histogram"}
TYPES: dict[Any, str] = {str: "text", int: "integer", float: "number", bool: "true or false", Path: "path", SecretStr: "secret"}
TYPES[tuple[float, float, float]] = "three numbers"


def type_name(annotation: Any) -> str:
    if typing.get_origin(annotation) is typing.Literal:
        return " or ".join(f"`{value}`" for value in typing.get_args(annotation))
    if isinstance(annotation, types.UnionType):
        return " or ".join(type_name(part) for part in typing.get_args(annotation) if part is not type(None))
    return TYPES[annotation]


def default_text(field: FieldInfo) -> str:
    value = field.default
    assert value is not PydanticUndefined, "every setting has a default"
    if value is None:
        return ""
    if isinstance(value, tuple):
        return f"`{','.join(f'{part:g}' for part in value)}`"
    value = value.get_secret_value() if isinstance(value, SecretStr) else value
    return f"`{value:g}`" if isinstance(value, float) and value == int(value) and value < 1e6 else f"`{value}`"


def setting_rows() -> list[str]:
    return [
        f"| `{name.upper()}` | {type_name(field.annotation)} | {default_text(field)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]


def metric_rows() -> list[str]:
    rows = []
    for metric in vars(Metrics()).values():
        if isinstance(metric, Counter | Gauge | Histogram):
            name = metric._name + ("_total" if isinstance(metric, Counter) else "")
            labels = ", ".join(f"`{label}`" for label in metric._labelnames)
            rows.append(f"| `{name}` | {KINDS[type(metric)]} | {labels} | {metric._documentation} |")
        elif isinstance(metric, LoopHistogram):
            rows.append(f"| `{metric.name}` | histogram | {f'`{metric.label}`' if metric.label else ''} | {metric.documentation} |")
    return rows


def failure_rows() -> list[str]:
    return [f"| `{code}` | {code.kind} | {code.fault} | {code.severity} | {code.sentence} |" for code in FailureCode]


def test_a_code_is_raised_as_the_class_that_is_documented() -> None:
    raised = re.compile(r"\b(Permanent|Transient)\(\s*FailureCode\.([A-Z_]+)")
    code = "".join(path.read_text() for path in (CLONE / "faust_app").rglob("*.py"))
    found = {(FailureCode[name], kind) for kind, name in raised.findall(code)}
    permanent = {FailureClass.PERMANENT, FailureClass.CONFIRMED}
    assert {(code, kind) for code, kind in found if (kind == "Permanent") != (code.kind in permanent)} == set()
    assert len(found) > 20


def test_a_transition_names_the_guard_that_its_statement_has() -> None:
    files = sorted(Path(transitions.__file__).parent.glob("*.py"))
    text = re.sub(r"\s+", " ", "".join(file.read_text() for file in files))
    statements = {
        f"{name}.{statement}": re.sub(r"\s+", " ", str(sql))
        for name, module in (("image_writes", image_writes), ("image_repository", image_repository))
        for statement, sql in vars(module).items()
    }
    guards = re.findall(r"\(`(image_\w+\.\w+)`\): `([^`]+)`", text)
    assert [(statement, guard) for statement, guard in guards if guard not in statements[statement]] == []
    assert {name for name in statements if "._WRITE_" in name} <= {statement for statement, _ in guards}


def table_of(page: str) -> list[str]:
    return [line for line in (REFERENCE / page).read_text().splitlines() if line.startswith("| `")]


@pytest.mark.parametrize(
    ("page", "rows"), [("settings.md", setting_rows()), ("metrics.md", metric_rows()), ("failures.md", failure_rows())]
)
def test_a_table_of_the_reference_says_what_the_code_has(page: str, rows: list[str]) -> None:
    assert table_of(page) == rows, "\n".join(["the table has to be:", *rows])


def test_every_alert_of_the_platform_is_documented() -> None:
    section = (CLONE / "docs" / "operating.md").read_text().partition("\n### What each alert means\n")[2].partition("\n### ")[0]
    assert re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE) == [kind.value for kind in FaultKind]


def test_every_setting_and_metric_says_in_one_line_what_it_is() -> None:
    texts = [field.description or "" for field in Settings.model_fields.values()]
    texts += [row.split("|")[4].strip() for row in metric_rows()]
    assert [text for text in texts if not text.endswith(".") or "\n" in text or len(text) > 140] == []


def test_every_setting_and_metric_is_used_by_the_code() -> None:
    uses = "".join(path.read_text() for path in (CLONE / "faust_app").rglob("*.py") if path.name != "settings.py")
    names = [name for name, metric in vars(Metrics()).items() if isinstance(metric, Counter | Gauge | Histogram)]
    properties = (CLONE / "faust_app" / "settings.py").read_text().partition("@property")[2]
    unused = [name for name in names if not re.search(rf"\.{name}\b(?! = )", uses)]
    unused += [name for name in Settings.model_fields if f".{name}" not in uses + properties]
    assert unused == []


def test_the_commands_of_the_readme_are_in_the_makefile() -> None:
    targets = {line.partition(":")[0] for line in (CLONE / "Makefile").read_text().splitlines() if line[:1].isalpha()}
    named = {word for line in README.splitlines() if line.startswith("make ") for word in line.split()[1:2]}
    assert named
    assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CLONE)))
def test_the_commands_a_page_names_exist_with_their_options(page: Path) -> None:
    unknown = []
    for name, words in re.findall(r"(?:`|\.venv/bin/)shop-images ([a-z-]+)([^`\n]*)", page.read_text()):
        options = known_options(main.commands[name]) if name in main.commands else set()
        unknown += [f"{name} {option}" for option in re.findall(r"(?<!\S)--?[a-z][a-z-]*", words) if option not in options]
        unknown += [name] if name not in main.commands else []
    assert unknown == []


def known_options(command: click.Command) -> set[str]:
    return {"-h", "--help"}.union(*([*parameter.opts, *parameter.secondary_opts] for parameter in command.params))


def test_the_readme_is_read_in_one_sitting() -> None:
    assert len(README.splitlines()) < README_LINES


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them of headings that are all different."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CLONE)))
def test_every_relative_link_of_a_page_leads_to_a_file_and_its_heading(page: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        name, _, anchor = link.partition("#")
        if "://" in name:
            continue
        target = page.parent / name if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []
