import asyncio
import secrets
import socket
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from sqlalchemy import event, make_url, text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.errors import VideoNotFound
from app.domain.user import UserId
from app.domain.video import UNFINISHED
from app.infra.sql.engine import engine_for
from app.infra.sql.transactions import SqlTransaction, SqlTransactions
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.transactions import Transaction
from tests.contracts.cut_line import CutLine
from tests.contracts.story import Story, a_user, a_video, after
from tests.parts.database import DatabasePart
from tests.parts.waiting import until


@asynccontextmanager
async def story_at(url: str) -> AsyncIterator[Story]:
    engine = engine_for(url)
    try:
        yield Story(engine)
    finally:
        await engine.dispose()


async def test_an_error_undoes_the_whole_step(story: Story):
    user = a_user()

    async def step(t: Transaction) -> None:
        await t.users.add(user)
        raise VideoNotFound

    with pytest.raises(VideoNotFound):
        await story.transactions.write(step)
    assert await story.transactions.read(lambda t: t.users.by_id(user.id)) is None


async def test_a_cancelled_step_leaves_nothing_behind(story: Story):
    user, begun = a_user(), asyncio.Event()

    async def step(t: Transaction) -> None:
        await t.users.add(user)
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.ensure_future(story.transactions.write(step))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await story.transactions.write(lambda t: t.users.add(user))


async def test_nothing_is_seen_before_it_is_committed(story: Story):
    user, added, seen = a_user(), asyncio.Event(), asyncio.Event()

    async def step(t: Transaction) -> None:
        await t.users.add(user)
        added.set()
        await seen.wait()

    task = asyncio.ensure_future(story.transactions.write(step))
    await added.wait()
    assert await story.transactions.read(lambda t: t.users.by_id(user.id)) is None
    seen.set()
    await task
    assert await story.transactions.read(lambda t: t.users.by_id(user.id)) == user


async def test_a_hundred_write_at_once_and_all_get_their_turn(story: Story):
    owner = await story.user()
    await asyncio.gather(*(story.video(owner) for _ in range(100)))
    assert await story.transactions.read(lambda t: t.videos.count(owner, UNFINISHED)) == 100


async def test_who_loses_a_deadlock_runs_again(server_engine: AsyncEngine):
    story = Story(server_engine)
    one, two = await story.user(), await story.user()
    videos = {one: await story.video(one), two: await story.video(two)}
    holds = {one: asyncio.Event(), two: asyncio.Event()}
    runs: list[UserId] = []

    def crossing(first: UserId, second: UserId) -> "asyncio.Future[None]":
        async def step(t: Transaction) -> None:
            runs.append(first)
            await t.users.lock(first)
            holds[first].set()
            await holds[second].wait()
            await t.users.lock(second)
            await t.videos.remove(videos[first])

        return asyncio.ensure_future(story.transactions.write(step))

    await asyncio.gather(crossing(one, two), crossing(two, one))
    assert len(runs) == 3
    for user in (one, two):
        assert await story.transactions.read(lambda t: t.videos.count(user, UNFINISHED)) == 0  # noqa: B023 - run at once


async def test_a_lock_that_is_not_given_in_time_is_asked_for_again(server_engine: AsyncEngine):
    @event.listens_for(server_engine.sync_engine, "checkout")
    def impatient(connection: object, _record: object, _proxy: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]  # SQLAlchemy's adapted connection
        cursor.execute("SET innodb_lock_wait_timeout = 1")
        cursor.close()

    story = Story(server_engine)
    user, runs, held = await story.user(), 0, asyncio.Event()

    async def waits(t: Transaction) -> None:
        nonlocal runs
        runs += 1
        assert await t.users.lock(user)

    async def holds(t: Transaction) -> None:
        await t.users.lock(user)
        held.set()
        while runs < 2:
            await asyncio.sleep(0.01)

    holder = asyncio.ensure_future(story.transactions.write(holds))
    await held.wait()
    await story.transactions.write(waits)
    await holder
    assert runs >= 2


async def test_a_busy_sqlite_is_tried_again(sqlite_engine: AsyncEngine):
    @event.listens_for(sqlite_engine.sync_engine, "connect")
    def impatient(connection: object, _record: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]  # SQLAlchemy's adapted connection
        cursor.execute("PRAGMA busy_timeout = 0")
        cursor.close()

    story = Story(sqlite_engine)
    refused = 0

    @event.listens_for(sqlite_engine.sync_engine, "handle_error")
    def count(_context: object) -> None:
        nonlocal refused
        refused += 1

    other = sqlite3.connect(str(sqlite_engine.url.database), isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.ensure_future(story.user())
        while not refused:
            await asyncio.sleep(0.01)
        other.execute("COMMIT")
        await writing
    finally:
        other.close()


async def test_a_step_that_reads_first_and_then_writes_is_never_refused_for_it(story: Story):
    owner, runs = await story.user(), 0

    async def step(t: Transaction) -> None:
        nonlocal runs
        runs += 1
        await t.videos.count(owner, UNFINISHED)
        await t.videos.add(a_video(owner), idempotency_key=None, request_digest="", wake_at=after(0))

    other = SqlTransactions(story.engine)  # As another process: it knows nothing of the first one's turn.
    both = (story.transactions, other)
    await asyncio.gather(*(transactions.write(step) for transactions in both for _ in range(10)))
    assert await story.transactions.read(lambda t: t.videos.count(owner, UNFINISHED)) == 20
    assert runs == 20


@pytest.mark.parametrize("cut", ["before", "after"])
async def test_a_commit_whose_answer_is_lost_is_not_repeated(legible_server: str, cut: Literal["before", "after"]):
    line, user, runs = CutLine(make_url(legible_server), cut), a_user(), 0

    async def step(t: Transaction) -> None:
        nonlocal runs
        runs += 1
        await t.users.add(user)
        line.armed = True

    async with line.url() as url, story_at(url) as story:
        with pytest.raises(DatabaseUnavailable, match="unknown"):
            await story.transactions.write(step)
    assert (runs, line.cuts) == (1, 1)
    async with story_at(legible_server) as story:
        found = await story.transactions.read(lambda t: t.users.by_id(user.id))
    assert (found == user) is (cut == "after")  # The row knows what the error could not.


async def test_a_connection_that_died_in_the_pool_is_replaced(server_engine: AsyncEngine):
    story = Story(server_engine)
    user = await story.user()
    async with server_engine.connect() as one:
        pooled = (await one.execute(text("SELECT CONNECTION_ID()"))).scalar_one()
    killer = engine_for(server_engine.url.render_as_string(hide_password=False))
    async with killer.connect() as connection:
        await connection.execute(text(f"KILL {pooled}"))
    await killer.dispose()
    assert await story.transactions.read(lambda t: t.users.by_id(user)) is not None


async def test_a_server_that_is_not_there_is_a_database_unavailable():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"mysql+asyncmy://fiapx:secret@127.0.0.1:{free.getsockname()[1]}/fiapx"
    async with story_at(url) as story:
        with pytest.raises(DatabaseUnavailable) as refusal:
            await story.transactions.read(lambda t: t.users.by_email("a@b.example"))
        assert "secret" not in str(refusal.value)
        with pytest.raises(DatabaseUnavailable):
            await story.user()


async def test_a_database_that_is_not_there_is_a_database_unavailable(server: DatabasePart, tmp_path: Path):
    for url in (server.admin("no_such_database"), f"sqlite+aiosqlite:///{tmp_path}/no/such/folder.db"):
        async with story_at(url) as story:
            with pytest.raises(DatabaseUnavailable):
                await story.user()
            with pytest.raises(DatabaseUnavailable):
                await story.transactions.read(lambda t: t.users.by_email("a@b.example"))


async def test_a_wrong_password_is_a_database_unavailable(server: DatabasePart):
    url = make_url(server.url).set(password=secrets.token_hex(4)).render_as_string(hide_password=False)
    async with story_at(url) as story:
        with pytest.raises(DatabaseUnavailable):
            await story.user()


async def test_a_database_that_is_not_migrated_is_a_database_unavailable(blank_url: str):
    async with story_at(blank_url) as story:
        with pytest.raises(DatabaseUnavailable):
            await story.user()


async def test_what_is_no_database_is_a_database_unavailable(tmp_path: Path):
    (tmp_path / "record.db").write_bytes(b"no database at all, but a file long enough to have a header" * 100)
    async with story_at(f"sqlite+aiosqlite:///{tmp_path}/record.db") as story:
        with pytest.raises(DatabaseUnavailable):
            await story.user()


async def test_a_server_that_only_reads_is_a_database_unavailable(server_engine: AsyncEngine):
    @event.listens_for(server_engine.sync_engine, "checkout")
    def read_only(connection: object, _record: object, _proxy: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]  # SQLAlchemy's adapted connection
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
        cursor.close()

    story = Story(server_engine)
    assert await story.transactions.read(lambda t: t.users.by_email("a@b.example")) is None
    with pytest.raises(DatabaseUnavailable):
        await story.user()


async def test_a_wrong_statement_is_not_reported_as_a_database_out_of_reach(server_engine: AsyncEngine):
    async def step(_: Transaction) -> None:
        async with server_engine.connect() as connection:
            await connection.execute(text("SELEKT 1"))

    with pytest.raises(ProgrammingError):
        await Story(server_engine).transactions.write(step)


async def test_no_password_hash_is_in_an_error(story: Story):
    user = a_user()
    await story.transactions.write(lambda t: t.users.add(user))
    with pytest.raises(IntegrityError) as refusal:
        await story.transactions.write(lambda t: t.users.add(replace(user, email="other@example.com")))
    assert user.password_hash not in str(refusal.value)


def test_another_kind_of_database_is_refused_by_name():
    with pytest.raises(ValueError, match="postgresql"):
        engine_for("postgresql+asyncpg://somewhere/fiapx")


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+aiosqlite"])
async def test_what_was_committed_survives_a_power_cut(tmp_path: Path, scheme: str):
    engine = engine_for(f"{scheme}:///{tmp_path}/record.db")
    async with engine.connect() as connection:
        settings = [
            (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    await engine.dispose()
    assert settings == ["wal", 2, 1]


async def test_a_session_is_strict_in_utc_and_reads_what_is_committed(server: DatabasePart):
    root = engine_for(server.url)
    async with root.begin() as connection:
        await connection.execute(text("SET GLOBAL time_zone = '-03:00', GLOBAL sql_mode = ''"))
    await root.dispose()
    engine = engine_for(server.url.replace("mysql+asyncmy", "mysql"))
    try:
        async with engine.begin() as connection:
            asked = "SELECT @@time_zone, @@sql_mode, @@character_set_client"
            zone, mode, charset = (await connection.execute(text(asked))).one()
            # MySQL calls it transaction_isolation, and MariaDB did so late.
            names = "'tx_isolation', 'transaction_isolation'"
            shown = await connection.execute(text(f"SHOW VARIABLES WHERE variable_name IN ({names})"))
            isolations = {value for _, value in shown}
            await connection.execute(text("SET GLOBAL time_zone = 'SYSTEM'"))
    finally:
        await engine.dispose()
    assert (zone, isolations, charset) == ("+00:00", {"READ-COMMITTED"}, "utf8mb4")
    assert {"STRICT_ALL_TABLES", "NO_ZERO_DATE", "ONLY_FULL_GROUP_BY"} <= set(mode.split(","))


@pytest.mark.outside
async def test_a_process_that_freezes_within_a_transaction_holds_its_locks_no_longer_than_it_may_be_silent(
    server_engine: AsyncEngine, migrated_server: str
):
    story = Story(server_engine)
    owner = await story.user()
    frozen = engine_for(migrated_server, idle_seconds=1)
    async with frozen.connect() as connection:
        assert await SqlTransaction(connection).users.lock(owner)
        async with asyncio.timeout(4):
            assert await story.transactions.write(lambda t: t.users.lock(owner))
        await connection.invalidate()
    await frozen.dispose()


@pytest.mark.outside
async def test_a_connection_that_was_silent_for_too_long_is_made_anew_where_it_is_needed(
    server_engine: AsyncEngine, migrated_server: str
):
    engine = engine_for(migrated_server, connections=1, idle_seconds=1)
    async with engine.connect() as connection:
        first = (await connection.execute(text("SELECT CONNECTION_ID()"))).scalar_one()

    async def server_hung_up() -> bool:
        alive = text("SELECT COUNT(*) FROM information_schema.processlist WHERE id = :id")
        async with server_engine.connect() as connection:
            return not (await connection.execute(alive, {"id": first})).scalar_one()

    await until(server_hung_up)
    assert await SqlTransactions(engine).read(lambda t: t.users.by_id(UserId("nobody"))) is None
    await engine.dispose()
