"""Tokens come from a file and from the environment, and a change of the file counts without a restart."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from faust_app.web.auth.token_book import TokenBook, TokensError, read_tokens


def test_without_a_file_nobody_has_a_token() -> None:
    assert read_tokens(None) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[a]\ntoken = 'secret'\nscopes = ['everything']", "[a] needs scopes"),
        ("[a]\ntoken = 'secret'", "[a] needs scopes"),
        ("[a]\nscopes = ['view']", "[a] needs token"),
        ("a = 'secret'", "[a] needs token"),
        ("[a", "tokens.toml"),
        ("[a]\ntoken = 'secret'\nscopes = ['view']\nshops = []", "[a] needs shops"),
        ("[a]\ntoken = 'secret'\nscopes = ['view']\nshops = ['7']", "[a] needs shops"),
        ("[a]\ntoken = 'secret'\nscopes = ['view']\nshops = [true]", "[a] needs shops"),
        ("[a]\ntoken = 'secret'\nscopes = ['view']\nshops = 7", "[a] needs shops"),
        ("[a]\ntoken = 'secret'\nscopes = ['view']\nshops = [0]", "[a] needs shops"),
    ],
)
def test_a_wrong_tokens_file_is_told_by_its_entry_and_without_its_secrets(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "tokens.toml"
    path.write_text(text)
    with pytest.raises(TokensError) as caught:
        read_tokens(path)
    assert told in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_token_may_be_limited_to_shops(tmp_path: Path) -> None:
    path = tmp_path / "tokens.toml"
    path.write_text("[a]\ntoken = 'x'\nscopes = ['view']\nshops = [7, 8]\n[b]\ntoken = 'y'\nscopes = ['view']")
    assert [token.shops for token in read_tokens(path)] == [frozenset({7, 8}), None]


def test_a_missing_tokens_file_is_told_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(TokensError, match=r"missing\.toml"):
        read_tokens(tmp_path / "missing.toml")


def entry(name: str, given: str = "'x'") -> str:
    return f"[{name}]\ntoken = {given}\nscopes = ['view']\n"


@pytest.mark.parametrize("text", [entry("b"), '{"b": {"token": "x", "scopes": ["view"]}}'])
def test_tokens_of_the_environment_come_beside_those_of_the_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tokens.toml"
    path.write_text(entry("a", "'y'"))
    assert [token.name for token in read_tokens(path, text)] == ["a", "b"]
    assert [token.name for token in read_tokens(None, text)] == ["b"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (entry("a", "'secret'"), "TOKENS: [a] is in TOKENS_FILE too"),
        (entry("b", "'y'"), "TOKENS: [a] and [b] have the same token"),
        (entry("b", "['secret', 'secret2', 'secret3']"), "TOKENS: [b] has more than 2 tokens"),
        (entry("b", "[]"), "TOKENS: [b] needs token"),
        ('{"b": "secret"', "TOKENS: Expecting"),
        ("secret", "TOKENS: Expected"),
    ],
)
def test_wrong_tokens_of_the_environment_are_told_by_name(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "tokens.toml"
    path.write_text(entry("a", "'y'"))
    with pytest.raises(TokensError) as caught:
        read_tokens(path, text)
    assert told in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_name_may_have_two_tokens_while_one_takes_the_place_of_the_other(tmp_path: Path) -> None:
    assert [(token.name, token.secret) for token in read_tokens(None, entry("a", "['new', 'old']"))] == [("a", "new"), ("a", "old")]


async def test_a_change_of_the_file_counts_and_a_wrong_one_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "tokens.toml"
    path.write_text(entry("a"))
    book = TokenBook(path, entry("c", "'z'"))
    await book.run_pass()
    assert [token.name for token in book.tokens] == ["a", "c"]
    _replace(path, entry("b"))
    await book.run_pass()
    assert [token.name for token in book.tokens] == ["b", "c"]
    for wrong in ("[b", entry("c")):
        _replace(path, wrong)
        await book.run_pass()
        assert [token.name for token in book.tokens] == ["b", "c"]
    path.unlink()
    await book.run_pass()
    assert [token.name for token in book.tokens] == ["b", "c"]


def _replace(path: Path, text: str) -> None:
    """Swap the file as a deployment does, which changes its number."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)


@pytest.mark.parametrize(("until", "end"), [("2027-01-31T00:00:00Z", 0), ("2027-01-31T00:00:00+02:00", -2), ('"2027-01-31T00:00:00Z"', 0)])
def test_a_token_may_have_an_end(tmp_path: Path, until: str, end: int) -> None:
    path = tmp_path / "tokens.toml"
    path.write_text(f'[shop]\ntoken = "a"\nscopes = ["intake"]\nuntil = {until}\n')
    (token,) = read_tokens(path)
    ends = datetime(2027, 1, 31) + timedelta(hours=end)  # noqa: DTZ001 - UTC, as everywhere
    assert token.until == ends
    assert token.counts_at(ends - timedelta(seconds=1))
    assert not token.counts_at(ends)


@pytest.mark.parametrize("until", ["2027-01-31", "2027-01-31T00:00:00", '"soon"', "7"])
def test_an_end_without_a_zone_is_refused(tmp_path: Path, until: str) -> None:
    path = tmp_path / "tokens.toml"
    path.write_text(f'[shop]\ntoken = "verysecret"\nscopes = ["intake"]\nuntil = {until}\n')
    with pytest.raises(TokensError, match=r"\[shop\] needs until to be a time with a zone") as refused:
        read_tokens(path)
    assert "verysecret" not in str(refused.value)
