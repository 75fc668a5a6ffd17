"""One pub/sub connection for any number of channels."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, Protocol, Self, final

import structlog
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection

from app.domain.backoff import Backoff

log = structlog.get_logger(__name__)

_PING_SECONDS: Final = 5.0
_DEAD_SECONDS: Final = 15.0
"""A connection that says nothing for so long, not even to a ping, is dead without having told us."""
_BACKOFF: Final = Backoff(first=0.05, longest=2)


class Listener(Protocol):
    """Who wants a channel."""

    def on_subscribed(self, channel: str) -> None:
        """Be told that what is published from now on arrives: at first, and after each reconnect."""

    def on_message(self, channel: str, data: bytes) -> None: ...


@final
class Subscriber:
    """Keeps one connection subscribed to the channels that are wanted, and makes a new one whenever it breaks.

    A connection of its own rather than redis-py's ``PubSub``: that one reconnects on its own, and what was published in
    between would be missed unnoticed. Each confirmation that a channel is subscribed is therefore told to its
    listener, after a reconnect too.
    """

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._wanted: dict[str, Listener] = {}
        self._changed = asyncio.Event()
        self._sent: set[str] = set()  # What this connection was told to subscribe.
        self._confirmed: set[str] = set()  # What it said it had.
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def confirmed(self, channel: str) -> bool:
        """Whether everything published there now arrives."""
        return channel in self._confirmed

    def want(self, channel: str, listener: Listener) -> None:
        """Subscribe soon."""
        self._wanted[channel] = listener
        self._changed.set()

    def drop(self, channel: str) -> None:
        """Unsubscribe soon."""
        self._wanted.pop(channel, None)
        self._changed.set()

    async def _run(self) -> None:
        failures = 0
        while True:
            while not self._wanted:  # A process in which nobody watches needs no connection.
                self._changed.clear()
                await self._changed.wait()
            try:
                async with self._connection() as connection, asyncio.TaskGroup() as both:
                    if failures:
                        log.info("redis is back", what="live updates")
                    failures = 0
                    both.create_task(self._write(connection))
                    both.create_task(self._read(connection))
            except* Exception as faults:  # noqa: BLE001 - whatever it was, who watches needs the next connection
                if not failures:
                    log.warning("redis is away", what="live updates", fault=repr(faults.exceptions[0]))
            await asyncio.sleep(_BACKOFF.seconds(failures))
            failures += 1

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AbstractConnection]:
        connection: AbstractConnection = self._pool.make_connection()  # type: ignore[no-untyped-call] # redis-py's gap
        try:
            await connection.connect()  # type: ignore[no-untyped-call] # redis-py's gap
            yield connection
        finally:
            self._sent.clear()
            self._confirmed.clear()
            await connection.disconnect(nowait=True)

    async def _write(self, connection: AbstractConnection) -> None:
        """Bring what is subscribed in line with what is wanted; ping where there is nothing to do."""
        while True:
            self._changed.clear()
            new, old = self._wanted.keys() - self._sent, self._sent - self._wanted.keys()
            self._sent = set(self._wanted)
            self._confirmed -= old
            if old:
                await connection.send_command("UNSUBSCRIBE", *old)
            if new:
                await connection.send_command("SUBSCRIBE", *new)
            if not old and not new:
                await connection.send_command("PING")
            with suppress(TimeoutError):
                async with asyncio.timeout(_PING_SECONDS):  # Not wait_for: Python 3.11's may swallow a cancellation.
                    await self._changed.wait()

    async def _read(self, connection: AbstractConnection) -> None:
        while True:
            answer: Any = await connection.read_response(timeout=_DEAD_SECONDS)
            match answer:
                case None:
                    raise TimeoutError("the connection for live updates fell silent")
                case [b"message", bytes(channel), bytes(data)]:
                    if listener := self._wanted.get(channel.decode()):
                        listener.on_message(channel.decode(), data)
                case [b"subscribe", bytes(channel), _] if channel.decode() in self._sent:
                    self._confirmed.add(channel.decode())
                    if listener := self._wanted.get(channel.decode()):
                        listener.on_subscribed(channel.decode())
