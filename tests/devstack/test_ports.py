import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.errors import DevstackError
from devstack.ports import DEFAULT_BASE, Ports, bindable, refuse_taken
from devstack.stack import Stack
from devstack.valkey import Valkey


@pytest.fixture
def ports() -> Ports:
    return Ports.free()


@pytest.fixture
def taken(ports: Ports) -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", ports.valkey))
        listener.listen()
        yield ports.valkey


def test_free_ports_are_distinct_and_bindable_with_their_twins(ports: Ports) -> None:
    assert len(set(ports.all)) == len(ports.all)
    assert set(ports.seaweedfs) <= set(ports.all)
    assert all(bindable(port) for port in ports.all)
    assert {port + 10_000 for port in ports.seaweedfs[:4]} == set(ports.seaweedfs[4:])


def test_a_taken_port_is_said_in_one_line_with_its_service_and_a_way_out(taken: int, ports: Ports, tmp_path: Path) -> None:
    with pytest.raises(DevstackError, match=rf"port {taken}, which Valkey .* DEVSTACK_PORT_BASE=\d+ make run") as failure:
        Valkey(tmp_path, ports).start()

    assert "\n" not in str(failure.value)


def test_a_stack_that_cannot_start_leaves_nothing_running(taken: int, ports: Ports, tmp_path: Path) -> None:
    stack = Stack(tmp_path, ports, cache=Path(".devstack"))

    with pytest.raises(DevstackError, match=str(taken)):
        stack.up()

    assert not any(service.running for service in stack.services)
    assert bindable(ports.image_source)


def test_a_free_port_is_not_refused(ports: Ports) -> None:
    refuse_taken(ports.web, "the web process")


def test_the_default_block_is_moved_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEVSTACK_PORT_BASE", raising=False)
    assert Ports.default() == Ports(DEFAULT_BASE)

    monkeypatch.setenv("DEVSTACK_PORT_BASE", "22090")
    assert Ports.default() == Ports(22090)


@pytest.mark.parametrize("text", ["abc", "80", "60000", "-5"])
def test_an_unusable_port_base_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("DEVSTACK_PORT_BASE", text)

    with pytest.raises(DevstackError, match="DEVSTACK_PORT_BASE"):
        Ports.default()
