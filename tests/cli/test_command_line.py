"""The words of the command line: wrong ones are told in one line and end with exit code 2."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from faust_app.__main__ import main


def run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nonsense",), "shop-images: No such command 'nonsense';"),
        (("status", "--shop", "0"), "shop-images status: Invalid value for '--shop'"),
        (("status", "--shop", "x"), "shop-images status: Invalid value for '--shop'"),
        (("import", "missing.csv", "--shop", "1", "--format", "jsonl"), "shop-images import: Invalid value for 'FILE'"),
        (("import", "--shop", "1", "--format", "jsonl"), "shop-images import: Missing argument 'FILE';"),
        (("import", __file__, "--shop", str(2**53), "--format", "jsonl"), "shop-images import: Invalid value for '--shop'"),
        (("import", __file__, "--shop", "1", "--format", "xml"), "shop-images import: Invalid value for '--format'"),
        (("setup", "--yes"), "shop-images setup: No such option"),
        (("user", "role", "anna", "king"), "shop-images user role: Invalid value for '{view|operate|admin}'"),
        (("user", "shops", "anna"), "shop-images user shops: name shops, or give --all;"),
        (("user", "shops", "anna", "7", "--all"), "shop-images user shops: name shops, or give --all;"),
        (("user", "add", "anna", "--password", "x"), "shop-images user add: No such option"),
        (("user", "password", "anna"), "shop-images user password: the password is missing;"),
        *(
            (("lanes", "pause", "bulk", "--reason", "x", "--hours", hours), "shop-images lanes pause: Invalid value for '--hours'")
            for hours in ("soon", "nan", "inf", "1e300")
        ),
        (("shops", "pause", "7"), "shop-images shops pause: Missing option '--reason'"),
        (("shops", "pause", "x", "--reason", "y"), "shop-images shops pause: Invalid value for 'SHOP'"),
        (("shops", "weight", "7", "--reason", "x"), "shop-images shops weight: Missing argument 'VALUE'"),
        (("shops", "weight", "7", "heavy", "--reason", "x"), "shop-images shops weight: Invalid value for 'VALUE'"),
        *(
            (("shops", "rate", "7", "5", "--reason", "x", "--hours", bad), "shop-images shops rate: Invalid value for '--hours'")
            for bad in ("nan", "inf", "0", "-1", "1e300", "soon")
        ),
        (("shops", "lift", "7", "colour"), "shop-images shops lift: Invalid value for '{pause|weight|slots|rate}'"),
        (("check", "--daily", "--deep"), "shop-images check: Check one thing at a time: --sizes, --alerts, --daily or --deep;"),
        (("check", "--ledger", __file__), "shop-images check: --ledger needs --deep;"),
        (("check", "--daily", "--no-bytes"), "shop-images check: --bytes/--no-bytes needs --deep;"),
        (("check", "--bytes"), "shop-images check: --bytes/--no-bytes needs --deep;"),
        (("check", "--no-send"), "shop-images check: --send/--no-send needs --daily;"),
        (("check", "--deep", "--no-send"), "shop-images check: --send/--no-send needs --daily;"),
        (("check", "--alerts"), "shop-images check: No messenger is configured: set ALERT_WEBHOOK_URL;"),
    ],
)
def test_wrong_words_are_told_in_one_line(words: tuple[str, ...], told: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(told)
    assert "-h`" in line


def test_help_is_asked_for_or_given_to_who_says_nothing() -> None:
    assert run("-h").exit_code == 0
    assert run("-h").stdout.startswith("Usage: shop-images")
    assert "Commands:" in run().output


def test_wrong_settings_end_with_a_line_each(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KAFKA_URL", "x")
    result = run("status")
    assert result.exit_code == 2
    assert result.stderr == "KAFKA_URL: must look like kafka://host:port\n"


@pytest.mark.parametrize(
    "words", [("status",), ("setup",), ("alerts",), ("check", "--sizes"), ("lanes",), ("shops",), ("shops", "resume", "7")]
)
def test_an_unavailable_database_is_one_line_that_names_the_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "mysql://u:s3cret@127.0.0.1:1/d")
    result = run(*words)
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("shop-images: database_unavailable: ")
    assert "is DATABASE_URL right?" in line
    assert "s3cret" not in result.output
