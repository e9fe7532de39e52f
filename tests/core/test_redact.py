"""What of an address may be shown."""

import pytest

from faust_app.core.redact import redact_query


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://h/a.jpg", "https://h/a.jpg"),
        ("https://h/a.jpg?sig=secret", "https://h/a.jpg?..."),
        ("https://h/a.jpg#frag", "https://h/a.jpg?..."),
        ("https://u:p@h:1/a", "https://h:1/a"),
    ],
)
def test_a_query_is_never_shown(url: str, shown: str) -> None:
    assert redact_query(url) == shown
