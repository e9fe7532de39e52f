"""What a line of the log may not hold, whoever wrote it and in whichever style."""

import io
import logging
import logging.config
from collections.abc import Iterator
from typing import Any, Literal

import pytest
import structlog

from faust_app.core.redact import redact_text
from faust_app.logs import configure_structlog, logging_config

URL = "https://user:pw0rd@shop.test/a.jpg?X-Signature=s3cr3t&x=1"


@pytest.fixture(params=["json", "console"])
def output(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """The configured logs, written into a buffer; logging is as before afterwards."""
    style: Literal["json", "console"] = request.param
    stream = io.StringIO()
    config: dict[str, Any] = logging_config(style)
    config["handlers"]["stderr"]["stream"] = stream
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    configure_structlog()
    logging.config.dictConfig(config)
    yield stream
    root.handlers, root.level = before


def test_a_signature_is_in_no_line_not_even_in_a_librarys_traceback(output: io.StringIO) -> None:
    log = structlog.get_logger("test")
    try:
        _quote_the_address()
    except RuntimeError:
        log.exception("image failed", url=URL, urls=[URL, {"at": URL}])
        logging.getLogger("aiohttp.client").exception("Unclosed connection %r", URL)
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: <%s>", URL)
    lines = output.getvalue()
    assert lines.count("https://shop.test/a.jpg?...") >= 6
    assert "s3cr3t" not in lines
    assert "pw0rd" not in lines


def _quote_the_address() -> None:
    cause = ValueError(f"cannot connect to {URL}")
    raise RuntimeError(repr(cause)) from cause


@pytest.mark.parametrize("name", ["aiokafka", "aiokafka.conn", "faust.transport.consumer", "mode.worker"])
def test_a_line_that_faust_and_its_client_of_kafka_repeat_is_written_once(output: io.StringIO, name: str) -> None:
    for node in (1, 1, 2, 1):
        logging.getLogger(name).error("no connection to %r of node %s", object(), node)
    assert output.getvalue().count("no connection") == 2


def test_a_repeated_line_tells_how_many_were_left_out(output: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter((0.0, 1.0, 59.0, 60.0))
    monkeypatch.setattr("faust_app.logs.monotonic", lambda: next(moments))
    for _ in range(4):
        logging.getLogger("aiokafka").error("100%% of %s nodes are away", "all")
    first, second = output.getvalue().splitlines()
    assert "left out" not in first
    assert "100% of all nodes are away (2 equal lines left out since the last one)" in second


@pytest.mark.parametrize("name", ["faust_app.flows.images", "faustian", "aiohttp.client"])
def test_a_line_of_another_logger_is_written_however_often_it_comes(output: io.StringIO, name: str) -> None:
    for _ in range(3):
        logging.getLogger(name).error("told %s", "again")
    assert output.getvalue().count("told again") == 3


def test_another_error_is_another_line(output: io.StringIO) -> None:
    for error in (ValueError("one"), ValueError("two"), ValueError("one")):
        logging.getLogger("aiokafka.consumer").error("unexpected error", exc_info=error)
    lines = output.getvalue()
    assert lines.count("unexpected error") == 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no address", "no address"),
        ("see https://h/a.jpg, please", "see https://h/a.jpg, please"),
        ("GET https://h/a?sig=1 failed", "GET https://h/a?... failed"),
        ("('https://h/a?sig=1', 'http://h/b#f')", "('https://h/a?... 'http://h/b?..."),
        ("https://h/a?a=(1)&b='2'[3]{4} next", "https://h/a?... next"),
        ("https://h/a?x\\nFile", "https://h/a?...\\nFile"),
        ("HTTPS://H/a?sig=1", "HTTPS://H/a?..."),
        ("https://u:p@h/a", "https://h/a"),
        ("https://u:p@h/a?q", "https://h/a?..."),
        ('{"url":"https://h/a?x=\\"y"}', '{"url":"https://h/a?..."}'),
        ("why? because", "why? because"),
    ],
)
def test_a_text_is_shown_without_the_queries_of_its_addresses(text: str, shown: str) -> None:
    assert redact_text(text) == shown
