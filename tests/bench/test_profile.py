"""Samples of stacks become microseconds of an image."""

import pytest

from bench.profile.places import Place, microseconds, place_of, shares_of

ROOT = "_run_module_as_main (<frozen runpy>:198);Worker.execute_from_commandline (mode/worker.py:264)"


@pytest.mark.parametrize(
    ("stack", "place"),
    [
        (ROOT, Place.LOOP),
        (f"{ROOT};Agent._execute_actor (faust/agents/agent.py:698)", Place.FAUST),
        (f"{ROOT};HttpFetcher._fetch (faust_app/adapters/http/fetcher.py:9);ClientSession._request (aiohttp/client.py:8)", Place.FETCH),
        (f"{ROOT};ResponseHandler.data_received (aiohttp/client_proto.py:1)", Place.FETCH),
        (f"{ROOT};ClientRequest.write_bytes (aiohttp/client_reqrep.py:1);StreamWriter.write (aiohttp/http_writer.py:3)", Place.PUT),
        (f"{ROOT};Dispatcher._run (faust_app/stream/dispatcher.py:1);create_task (asyncio/tasks.py:2)", Place.FLOWS),
        (f"{ROOT};Executor.read (faust_app/flows/images/executor.py:1);loads (json/__init__.py:1)", Place.PARSE),
        (f"{ROOT};Periodic._run (faust_app/stream/periodic.py:35);Database.run (faust_app/adapters/mariadb/database.py:1)", Place.PERIODIC),
        ("Thread._bootstrap (threading.py:1)", Place.LOOP),
        ("main (elsewhere.py:1)", Place.REST),
    ],
)
def test_a_stack_belongs_to_the_innermost_part_that_is_known(stack: str, place: Place) -> None:
    assert place_of(stack) is place


def test_the_parts_add_up_to_the_cpu_of_an_image() -> None:
    shares = shares_of([f"{ROOT} 30", f"{ROOT};_digested (faust_app/flows/images/transfer.py:87) 10"])
    parts = microseconds(shares, own=1000.0, collector=100.0, children=250.0)
    assert parts == {Place.LOOP: 675.0, Place.SHA256: 225.0, Place.COLLECTOR: 100.0, Place.CHILDREN: 250.0}
    assert sum(parts.values()) == 1250.0


def test_a_torn_stack_is_dropped_and_many_are_refused() -> None:
    lines = [f"{ROOT} 1"] * 99
    assert shares_of([*lines, "torn\x00"]) == {Place.LOOP: 1.0}
    for bad in ([*lines, *["torn\x00"] * 3], ["torn\x00"], []):
        with pytest.raises(ValueError, match="torn"):
            shares_of(bad)
