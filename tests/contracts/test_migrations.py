"""Migrations beside people at work: open transactions, cut lines, two users, and those who wait."""

import asyncio

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from app.infra.sql.engine import engine_for
from app.infra.sql.migrate import migrate, run
from app.infra.sql.revisions import FOLDER, known_revisions, wait_for_schema
from app.infra.sql.tables import metadata
from app.settings import DatabaseSettings
from app.usecases.ports.database import DatabaseUnavailable
from tests.contracts.cut_line import DDL, CutLine
from tests.contracts.story import Story
from tests.contracts.test_schema import looked_at
from tests.parts.database import DatabasePart
from tests.parts.mariadb import MariaDbPart
from tests.parts.waiting import until


def test_the_revisions_known_without_alembic_are_those_that_alembic_would_run_in_that_order():
    scripts = ScriptDirectory(str(FOLDER))
    assert [*reversed([script.revision for script in scripts.walk_revisions()])] == [*known_revisions()]
    assert scripts.get_heads() == [known_revisions()[-1]]


async def test_a_migration_that_meets_an_open_transaction_lets_everybody_pass_and_says_who_it_is(
    server_blank_url: str,
):
    await migrate(server_blank_url)
    await run(server_blank_url, lambda config: command.downgrade(config, "0003"))
    reader, others = engine_for(server_blank_url), engine_for(server_blank_url)
    asked = text("SELECT COUNT(*) FROM video_processings")
    with capture_logs() as lines:
        async with reader.connect() as holding:
            await holding.execute(asked)  # And nobody ends this transaction.
            holder = (await holding.execute(text("SELECT CONNECTION_ID()"))).scalar_one()
            migrating = asyncio.ensure_future(migrate(server_blank_url))
            await until(lambda: [line for line in lines if "open transactions" in line["event"]], 20)
            async with others.connect() as passing, asyncio.timeout(10):
                await passing.execute(asked)
            assert not migrating.done()
        await migrating
    told = [line["holders"] for line in lines if "open transactions" in line["event"]]
    assert f"connection {holder} of fiapx" in told[0]
    for each in (reader, others):
        await each.dispose()
    assert await looked_at(server_blank_url) == (set(metadata.tables), [])


async def test_a_table_that_stays_held_is_in_the_end_said_and_not_waited_for(server_blank_url: str):
    await migrate(server_blank_url)
    await run(server_blank_url, lambda config: command.downgrade(config, "0003"))
    reader = engine_for(server_blank_url)
    async with reader.connect() as holding:
        await holding.execute(text("SELECT COUNT(*) FROM video_processings"))
        with pytest.raises(DatabaseUnavailable, match="held by open transactions: connection"):
            await migrate(server_blank_url, blocked_seconds=0)
    await reader.dispose()


async def test_a_migration_that_is_cut_after_any_of_its_statements_is_gone_on_with(mariadb: MariaDbPart):
    await mariadb.make("cut_migration")
    blank = mariadb.admin("cut_migration")
    line = CutLine(make_url(blank), "after", at=DDL, armed=True)
    async with line.url() as url:
        while True:
            before = line.cuts
            try:
                await migrate(url)
            except DatabaseUnavailable:
                assert line.cuts == before + 1
            else:
                break
    assert line.cuts > 20
    assert await looked_at(blank) == (set(metadata.tables), [])


async def test_one_user_makes_the_tables_and_another_who_may_not_does_the_work(
    server: DatabasePart, server_blank_url: str, monkeypatch: pytest.MonkeyPatch
):
    service = server.service(make_url(server_blank_url).database or "")
    monkeypatch.setenv("FIAPX_DATABASE_URL", service)
    monkeypatch.setenv("FIAPX_MIGRATION_DATABASE_URL", server_blank_url)
    with pytest.raises(DatabaseUnavailable, match="denied"):
        await migrate(DatabaseSettings().waiting)
    await migrate(DatabaseSettings().migrating)
    await wait_for_schema(DatabaseSettings().waiting, 0)
    engine = engine_for(service)
    story = Story(engine)
    video = await story.video(await story.user())
    assert await story.complete(video, await story.claimed(video))
    async with engine.connect() as connection:
        with pytest.raises(DBAPIError, match="denied"):
            await connection.execute(text("ALTER TABLE users ADD COLUMN x INT"))
    await engine.dispose()


async def test_who_waits_for_the_tables_begins_when_they_are_there_and_changes_nothing(blank_url: str):
    with pytest.raises(DatabaseUnavailable, match="tables"):
        await wait_for_schema(blank_url, 0)
    assert (await looked_at(blank_url))[0] == set()
    with capture_logs() as lines:
        waiting = asyncio.ensure_future(wait_for_schema(blank_url, 60))
        await until(lambda: [line for line in lines if line["event"] == "waiting for the database"])
        assert not waiting.done()
        await migrate(blank_url)
        await waiting
    await run(blank_url, lambda config: command.downgrade(config, "0001"))
    with pytest.raises(DatabaseUnavailable, match="tables"):
        await wait_for_schema(blank_url, 0)


async def test_who_waits_for_the_tables_is_content_with_those_of_a_newer_version(blank_url: str):
    await migrate(blank_url)
    engine = engine_for(blank_url)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'newer'"))
    await engine.dispose()
    await wait_for_schema(blank_url, 0)
