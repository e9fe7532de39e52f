import subprocess
from pathlib import Path

import pytest
from dotenv import dotenv_values
from honcho.environ import parse  # type: ignore[import-untyped]

from devstack.env_file import write_env_file
from devstack.errors import DevstackError

VALUES = {
    "DATABASE_URL": "mysql://shop_images:p%40ss@127.0.0.1:21092/shop_images",
    "TOKENS_FILE": ".devstack/a folder/tokens.toml",
    "ODD": '$HOME `id` "quoted" # no comment & more',
    "EMPTY": "",
}


def test_dotenv_honcho_and_a_shell_read_the_same(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    write_env_file(file, VALUES)

    assert dotenv_values(file) == VALUES
    assert parse(file.read_text()) == VALUES
    assert read_by_a_shell(file) == VALUES


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("OLD=1\n")
    write_env_file(file, VALUES)

    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("value", ["it's", "a\nb", "back\\slash"])
def test_a_value_that_the_readers_see_differently_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(DevstackError, match="SOME_NAME"):
        write_env_file(tmp_path / ".env", {"SOME_NAME": value})


def read_by_a_shell(file: Path) -> dict[str, str]:
    script = 'set -a; . "$0"; env -0'
    output = subprocess.run(["/bin/sh", "-c", script, str(file)], capture_output=True, check=True, env={}).stdout
    variables = dict(entry.split("=", 1) for entry in output.decode().split("\0") if entry)
    return {name: variables[name] for name in VALUES}
