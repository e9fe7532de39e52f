"""A TCP proxy between the product and one service, which breaks the connection in every way a network can."""

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum

_PIECE = 64 * 1024
_COMMITS = (b"\x03COMMIT", b";\nCOMMIT")
"""How a MySQL query packet ends whose last statement is COMMIT: alone, or behind the writes that it commits."""


class Mode(Enum):
    """What the proxy does to connections, old and new."""

    OPEN = "open"
    REFUSE = "refuse"  #: every connection is closed at once
    BLACK_HOLE = "black hole"  #: bytes are taken and never delivered
    SLOW = "slow"  #: every piece arrives a second late
    CUT = "cut"  #: an answer ends in the middle, and the connection with it
    LOSE_COMMIT = "lose the answer of a COMMIT"
    LATE_PUT = "a PUT lands long after its time-out"


class Proxy:
    """Listens on one port and forwards to another; `puts` counts what was put into shops' folders."""

    def __init__(self, listen: int, target: int) -> None:
        self._listen, self._target = listen, target
        self.mode = Mode.OPEN
        self.puts = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._late: set[asyncio.Task[None]] = set()
        self._serving: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._listen)

    @property
    def port(self) -> int:
        """Where the proxy listens."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self._close_all()
        for task in self._late:
            task.cancel()
        await asyncio.gather(*self._late, *self._serving, return_exceptions=True)

    def set(self, mode: Mode) -> None:
        self.mode = mode
        if mode is Mode.REFUSE:
            self._close_all()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task: asyncio.Task[None] | None = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        if self.mode is Mode.REFUSE:
            writer.close()
            return
        try:
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        self._writers |= {writer, inner_writer}
        try:
            connection = _Connection(self, writer, inner_writer)
            pumps = {
                asyncio.create_task(self._pump(reader, connection.to_service)),
                asyncio.create_task(self._pump(inner_reader, connection.to_client)),
            }
            _, left = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in left:
                pump.cancel()
        finally:
            for end in (writer, inner_writer):
                self._writers.discard(end)
                end.close()

    @staticmethod
    async def _pump(reader: asyncio.StreamReader, forward: Callable[[bytes], Awaitable[bool]]) -> None:
        try:
            while (piece := await reader.read(_PIECE)) and await forward(piece):
                pass
        except (ConnectionError, OSError):
            return

    def deliver_late(self, request: bytes, seconds: float) -> None:
        """Send a whole request to the service by itself after a while; nobody waits for its answer."""
        task = asyncio.create_task(self._deliver(request, seconds))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _deliver(self, request: bytes, seconds: float) -> None:
        await asyncio.sleep(seconds)
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._target)
            writer.write(request)
            await writer.drain()
            await asyncio.wait_for(reader.read(_PIECE), 10)
            writer.close()
        except (OSError, TimeoutError):
            return

    def _close_all(self) -> None:
        for writer in list(self._writers):
            writer.close()


class _Connection:
    """One client's connection, and what is known of it."""

    def __init__(self, proxy: Proxy, client: asyncio.StreamWriter, service: asyncio.StreamWriter) -> None:
        self._proxy, self._client, self._service = proxy, client, service
        self._commits = False
        self._late = b""

    async def to_service(self, piece: bytes) -> bool:
        proxy = self._proxy
        proxy.puts += piece.startswith(b"PUT /") and b"/shops/" in piece[:200]
        if proxy.mode is Mode.BLACK_HOLE:
            return True
        if proxy.mode is Mode.SLOW:
            await asyncio.sleep(1.0)
        if self._late or (proxy.mode is Mode.LATE_PUT and piece.startswith(b"PUT /") and b"/shops/" in piece[:200]):
            return self._keep(piece)
        self._commits = proxy.mode is Mode.LOSE_COMMIT and piece.endswith(_COMMITS)
        self._service.write(piece)
        await self._service.drain()
        return True

    def _keep(self, piece: bytes) -> bool:
        """Hold a PUT back until its client has given up, and let it land half a minute later."""
        self._late += piece
        head, found, body = self._late.partition(b"\r\n\r\n")
        lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        if found and lengths and len(body) >= int(lengths[0]):
            self._proxy.deliver_late(self._late, 50.0)
            self._late = b""
        return True

    async def to_client(self, piece: bytes) -> bool:
        mode = self._proxy.mode
        if self._commits:
            return False
        if mode is Mode.BLACK_HOLE:
            return True
        if mode is Mode.SLOW:
            await asyncio.sleep(1.0)
        self._client.write(piece[: len(piece) // 2] if mode is Mode.CUT else piece)
        await self._client.drain()
        return mode is not Mode.CUT
