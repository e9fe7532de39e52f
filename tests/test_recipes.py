"""The recipes of docs/integrating.md, run as they stand there, make the link that this code makes."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.core.reports.test_link import SECRET, SIGNED, VECTOR

PAGE = (Path(__file__).parent.parent / "docs" / "integrating.md").read_text().partition("## Let a shop in")[2]
ARGUMENTS = f'"{SECRET}", {VECTOR.shop_no}, "view,retry", {VECTOR.ends_at}, "{VECTOR.nonce}"'


def recipe(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def output(*command: str, folder: Path) -> str:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def test_the_page_shows_the_vector() -> None:
    assert f"\n{SIGNED}\n" in PAGE
    assert {SECRET, VECTOR.nonce, str(VECTOR.ends_at)} <= set(re.findall(r"\w{10,}", PAGE.partition("```")[0]))


@pytest.mark.skipif(shutil.which("php") is None, reason="no php (Debian: apt-get install php-cli); .ci/run installs it")
def test_the_recipe_in_php_makes_the_same_link(tmp_path: Path) -> None:
    (tmp_path / "link.php").write_text(f"{recipe('php')}\necho report_link({ARGUMENTS});\n")
    assert output("php", "link.php", folder=tmp_path) == SIGNED


@pytest.mark.skipif(shutil.which("java") is None, reason="no java (Debian: apt-get install default-jdk-headless); .ci/run installs it")
def test_the_recipe_in_java_makes_the_same_link(tmp_path: Path) -> None:
    main = f"class Main {{ public static void main(String[] a) throws Exception {{ System.out.print(ReportLink.of({ARGUMENTS})); }} }}"
    arguments = ARGUMENTS.replace(f", {VECTOR.ends_at},", f", {VECTOR.ends_at}L,")
    imports, _, body = recipe("java").partition("class ReportLink")
    source = f"{imports}{main.replace(ARGUMENTS, arguments)}\nclass ReportLink{body}"  # java runs the first class of a file
    (tmp_path / "Main.java").write_text(source)
    assert output("java", "Main.java", folder=tmp_path) == SIGNED
