"""What a republish of 120,000 good images, begun by mistake and cancelled after a minute, does until it is taken back."""

import json
import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.request import Request

from rich.console import Console
from rich.table import Table

from bench.installation import Installation, installed
from bench.requests import answer_to, first_answer, request_of

IMAGES: Final = 120_000
RATE: Final = 100
SECONDS: Final = 60
_STEP: Final = 40_000
_DRAIN_SECONDS: Final = 300.0
_GOOD: Final = """
INSERT INTO image (shop_no, image_id, version, op, requested_at, updated_at, state, source_url, source_host, shown_version,
    object_key, shown_url, sha256, bytes, content_type, width, height)
SELECT 7, CONCAT('i', {first} + seq), 1, 'update', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), 'DONE',
    CONCAT('{source}/flat/', {first} + seq, '?bytes=5000'), '{host}', 1,
    CONCAT('shops/7/', LEFT(SHA2(CONCAT('i', {first} + seq), 256), 20), '/1-0123456789abcdef.jpg'),
    CONCAT('{source}/flat/', {first} + seq, '?bytes=5000'), UNHEX(SHA2('x', 256)), 5000, 'image/jpeg', 94, 94 FROM seq_1_to_{count}
"""


@dataclass(frozen=True)
class MistakeFigures:
    """Images that were published again, fetched, taken back; good ones that are not DONE; those begun twice; seconds until all is over."""

    begun: int
    fetched: int
    taken_back: int
    not_good: int
    twice: int
    seconds_to_cancel: float


def mistake() -> None:
    """Measure what a republish begun by mistake does until it is taken back."""
    table = Table("what", "measured", "to hold")
    with installed("structure") as installation:
        figures = measure_mistake(installation)
    most = RATE * SECONDS
    table.add_row(f"of {IMAGES:,} good images, published again in {SECONDS} s at {RATE} a second", f"{figures.begun:,}", f"<= {most:,}")
    table.add_row("fetched", f"{figures.fetched:,}", f"<= {most:,}")
    table.add_row("taken back", f"{figures.taken_back:,}", "")
    table.add_row("good images that turned bad", f"{figures.not_good:,}", "0")
    table.add_row("images published twice", f"{figures.twice:,}", "0")
    table.add_row("from the cancel until nothing is under way", f"{figures.seconds_to_cancel:.1f} s", "")
    Console().print(table)


def measure_mistake(installation: Installation) -> MistakeFigures:
    """Plan and start the run as an operator does, cancel it after a minute, and count what it did."""
    host = installation.source.partition("//")[2]
    for first in range(0, IMAGES, _STEP):
        installation.execute(_GOOD.format(first=first, count=_STEP, source=installation.source, host=host))
    with installation.process("faust_app.web_app"), installation.process("faust_app"):
        first_answer(request_of(installation, "/v1/republish"))
        plan = _ask(installation, "POST", "/v1/republish", {"selection": {"states": ["done"], "include_good": True}, "rate": RATE})
        _ask(installation, "POST", f"/v1/republish/{plan['run']}/start", {"images": IMAGES})
        time.sleep(SECONDS)  # how long the mistake goes unseen: what is measured
        begun_at = time.monotonic()
        _ask(installation, "POST", f"/v1/republish/{plan['run']}/cancel")
        run = _until_over(installation, plan["run"])
        seconds = time.monotonic() - begun_at
    begun = "SELECT COUNT(*) FROM image_history WHERE outcome = 'republished'"
    distinct = "SELECT COUNT(DISTINCT image_id) FROM image_history WHERE outcome = 'republished'"
    fetched = json.loads(answer_to(Request(f"{installation.source}/requests")))["total"]["requests"]  # noqa: S310 - our own address
    return MistakeFigures(
        begun=installation.query(begun),
        fetched=fetched,
        taken_back=run["outcome"].get("taken_back", 0),
        not_good=installation.query("SELECT COUNT(*) FROM image WHERE state <> 'DONE'"),
        twice=installation.query(begun) - installation.query(distinct),
        seconds_to_cancel=seconds,
    )


def _until_over(installation: Installation, number: int) -> dict[str, Any]:
    limit = time.monotonic() + _DRAIN_SECONDS
    while True:
        run: dict[str, Any] = _ask(installation, "GET", f"/v1/republish/{number}")
        left = installation.query("SELECT COUNT(*) FROM image WHERE state = 'IN_PROGRESS'")
        if run["status"] == "cancelled" and not run["outcome"].get("begun") and not left:
            return run
        if time.monotonic() > limit:
            raise TimeoutError(f"run {number} is {run['status']}, {left} images are in progress")
        time.sleep(0.5)


def _ask(installation: Installation, method: str, path: str, body: object = None) -> Any:
    content = None if body is None else json.dumps(body).encode()
    return json.loads(answer_to(request_of(installation, path, content, method=method)))
