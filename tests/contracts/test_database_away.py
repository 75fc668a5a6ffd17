"""Whatever a driver raises for a database that is away is a DatabaseUnavailable, on the loops of API and workers.

uvloop's transports lose their socket as soon as the other side has closed it, which asyncio's do not.
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any

import pytest
import uvloop
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.infra.sql.clock import DatabaseClock
from app.infra.sql.engine import engine_for
from app.infra.sql.migrate import migrate
from app.infra.sql.transactions import SqlTransactions
from app.usecases.ports.database import DatabaseUnavailable
from tests.parts.database import DatabasePart

Talk = Callable[[socket.socket], None]
Run = Callable[[Coroutine[Any, Any, None]], None]
GREETING = b"\x0a8.4.0\0" + struct.pack("<I", 7) + b"12345678\0"


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    def run_on_loop(story: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(story)

    return run_on_loop


def closes(_client: socket.socket) -> None:
    pass


def resets(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def says_half_a_greeting(client: socket.socket) -> None:
    client.sendall(struct.pack("<I", len(GREETING) + 40) + GREETING)


def says_a_short_greeting(client: socket.socket) -> None:
    client.sendall(struct.pack("<I", 6) + GREETING[:6])


def speaks_http(client: socket.socket) -> None:
    client.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def is_full(client: socket.socket) -> None:
    """As MySQL at its max_connections, which is an error instead of a greeting."""
    refusal = b"\xff" + struct.pack("<H", 1040) + b"Too many connections"
    client.sendall(struct.pack("<I", len(refusal)) + refusal)


def is_silent(client: socket.socket) -> None:
    client.recv(1)


def is_silent_after_half(client: socket.socket) -> None:
    says_half_a_greeting(client)
    client.recv(1)


@contextmanager
def listening(talk: Talk) -> Iterator[str]:
    """Serve from a thread, as another machine would: a connection may be gone before our loop looks at it."""

    def serve() -> None:
        with suppress(OSError):  # The listener was shut down.
            while True:
                client, _ = listener.accept()
                with client:
                    talk(client)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=serve, daemon=True).start()
        yield f"mysql+asyncmy://fiapx:secret@127.0.0.1:{listener.getsockname()[1]}/fiapx"
        listener.shutdown(socket.SHUT_RDWR)


async def refuses(engine: AsyncEngine) -> None:
    """See that every way to the database says in its own words that it is away."""
    transactions = SqlTransactions(engine)
    for ask in (transactions.read, transactions.write):
        with pytest.raises(DatabaseUnavailable) as refusal:
            await ask(lambda t: t.users.by_email("a@b.example"))
        assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    "talk",
    [closes, resets, says_half_a_greeting, says_a_short_greeting, speaks_http, is_full],
    ids=lambda talk: talk.__name__,
)
def test_a_server_that_accepts_and_is_none_is_a_database_that_is_away(run: Run, talk: Talk):
    async def story() -> None:
        with listening(talk) as url:
            engine = engine_for(url)
            for _ in range(10):  # Who is first, the connection's end or the driver's next step, is a matter of luck.
                await refuses(engine)
            with pytest.raises(DatabaseUnavailable):
                await DatabaseClock(engine).synchronise()
            await engine.dispose()
            with pytest.raises(DatabaseUnavailable):
                await migrate(url)

    run(story())


@pytest.mark.slow
async def test_a_server_that_says_nothing_is_waited_for_no_longer_than_one_that_is_not_there():
    async def asked(talk: Talk) -> None:
        with listening(talk) as url:
            engine = engine_for(url)
            with pytest.raises(DatabaseUnavailable):
                await SqlTransactions(engine).read(lambda t: t.users.by_email("a@b.example"))
            await engine.dispose()

    async with asyncio.timeout(10):
        await asyncio.gather(asked(is_silent), asked(is_silent_after_half))


def test_a_server_without_a_free_connection_is_a_database_that_is_away(
    run: Run, server: DatabasePart, migrated_server: str
):
    async def story() -> None:
        first, engine = engine_for(server.url, connections=11), engine_for(migrated_server)
        async with first.connect() as held:
            before = (await held.execute(text("SELECT @@max_connections"))).scalar_one()
            # Ten is the least; one more is kept free for administrators, as which our user passes.
            await held.execute(text("SET GLOBAL max_connections = 10"))
            others = [await first.connect() for _ in range(10)]
            try:
                await refuses(engine)
            finally:
                for other in others:
                    await other.close()
                await held.execute(text(f"SET GLOBAL max_connections = {before}"))
        assert await SqlTransactions(engine).read(lambda t: t.users.by_email("a@b.example")) is None
        for each in (first, engine):
            await each.dispose()

    run(story())


def test_a_server_that_dies_with_our_connections_in_the_pool_is_away_and_then_back(
    run: Run, server: DatabasePart, migrated_server: str
):
    async def story() -> None:
        engine = engine_for(migrated_server)
        transactions = SqlTransactions(engine)
        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(transactions.read(lambda t: t.users.by_email("a@b.example")))
        server.kill()
        try:
            for _ in range(5):
                await refuses(engine)
        finally:
            server.start()
        assert await transactions.read(lambda t: t.users.by_email("a@b.example")) is None
        await engine.dispose()

    run(story())


async def test_who_finds_no_connection_free_in_time_is_told_that_the_database_is_away(migrated_server: str):
    engine = engine_for(migrated_server, connections=2, free_seconds=0.2)
    transactions = SqlTransactions(engine)
    async with engine.connect(), engine.connect():
        await refuses(engine)
    assert await transactions.read(lambda t: t.users.by_email("a@b.example")) is None
    await engine.dispose()
