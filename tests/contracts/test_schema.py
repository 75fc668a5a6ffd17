import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.infra.sql.engine import engine_for
from app.infra.sql.migrate import migrate, run
from app.infra.sql.tables import metadata, users
from app.usecases.ports.database import DatabaseUnavailable
from tests.contracts.story import Story
from tests.parts.database import DatabasePart

ROOT = Path(__file__).parents[2]


async def looked_at(url: str) -> tuple[set[str], list[object]]:
    """Give the tables, and how they differ from what the code believes."""

    def look(connection: Connection) -> tuple[set[str], list[object]]:
        drift = compare_metadata(MigrationContext.configure(connection), metadata)
        return set(inspect(connection).get_table_names()) - {"alembic_version"}, drift

    engine = engine_for(url)
    async with engine.connect() as connection:
        found = await connection.run_sync(look)
    await engine.dispose()
    return found


async def test_migrations_go_up_and_down_and_up_and_give_what_the_code_believes(blank_url: str):
    await migrate(blank_url)
    assert await looked_at(blank_url) == (set(metadata.tables), [])
    await run(blank_url, lambda config: command.downgrade(config, "base"))
    assert (await looked_at(blank_url))[0] == set()
    await migrate(blank_url)
    assert await looked_at(blank_url) == (set(metadata.tables), [])


async def test_migrating_again_leaves_what_is_there(blank_url: str):
    await migrate(blank_url)
    engine = engine_for(blank_url)
    user = await Story(engine).user()
    await migrate(blank_url)
    assert await Story(engine).transactions.read(lambda t: t.users.by_id(user)) is not None
    await engine.dispose()


async def test_what_a_newer_version_has_migrated_is_left_as_it_is(blank_url: str):
    await migrate(blank_url)
    engine = engine_for(blank_url)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'newer'"))
    await migrate(blank_url)
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalars().all() == ["newer"]
    await engine.dispose()
    assert await looked_at(blank_url) == (set(metadata.tables), [])


WAITING_MIGRATION = """
import asyncio, sys
from app.infra.sql.migrate import migrate
print("ready", flush=True)
sys.stdin.readline()
asyncio.run(migrate(sys.argv[1]))
"""


@pytest.mark.slow
async def test_several_processes_may_migrate_at_once(blank_url: str):
    pipe = asyncio.subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", WAITING_MIGRATION, blank_url, cwd=ROOT, stdin=pipe, stdout=pipe
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert await looked_at(blank_url) == (set(metadata.tables), [])


async def test_what_a_dead_process_left_half_done_is_gone_on_with(blank_url: str):
    engine = engine_for(blank_url)
    async with engine.begin() as connection:
        await connection.run_sync(users.create)
    await engine.dispose()
    await migrate(blank_url)
    assert await looked_at(blank_url) == (set(metadata.tables), [])


def test_an_installed_service_migrates_from_anywhere(tmp_path: Path):
    installed, elsewhere = tmp_path / "site packages 100%", tmp_path / "elsewhere"
    elsewhere.mkdir()
    for package in ("app", "migrations"):
        # Only what setuptools installs: the other files are for writing migrations.
        for source in (ROOT / package).rglob("*.py"):
            target = installed / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    call = "import asyncio; from app.infra.sql.migrate import migrate; asyncio.run(migrate('sqlite:///record.db'))"
    environment = os.environ | {"PYTHONPATH": str(installed)}
    subprocess.run([sys.executable, "-P", "-c", call], cwd=elsewhere, env=environment, check=True)
    assert asyncio.run(looked_at(f"sqlite:///{elsewhere}/record.db")) == (set(metadata.tables), [])


async def test_a_database_that_cannot_be_reached_cannot_be_migrated(tmp_path: Path):
    with pytest.raises(DatabaseUnavailable):
        await migrate(f"sqlite:///{tmp_path}/no/such/folder.db")


async def test_a_server_with_old_defaults_gives_no_time_a_life_of_its_own(server: DatabasePart, blank_url: str):
    """With explicit_defaults_for_timestamp off, created_at would become the time of the last change."""
    admin = engine_for(server.url)
    async with admin.begin() as connection:
        await connection.execute(text("SET GLOBAL explicit_defaults_for_timestamp = 0"))
    try:
        await migrate(blank_url)
    finally:
        async with admin.begin() as connection:
            await connection.execute(text("SET GLOBAL explicit_defaults_for_timestamp = 1"))
        await admin.dispose()
    engine = engine_for(blank_url)
    async with engine.connect() as connection:
        asked = (
            "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND extra LIKE '%update%'"
        )
        odd = (await connection.execute(text(asked))).scalar_one() if engine.dialect.name != "sqlite" else 0
    await engine.dispose()
    assert odd == 0


BRIEF = {
    "users": [
        ("id", "int", "NO", "PRI", "auto_increment"),
        ("name", "varchar(255)", "NO", "", ""),
        ("email", "varchar(255)", "NO", "UNI", ""),
        ("password_hash", "varchar(255)", "NO", "", ""),
        ("created_at", "timestamp(3)", "NO", "", ""),
        ("updated_at", "timestamp(3)", "NO", "", ""),
    ],
    "video_processings": [
        ("id", "int", "NO", "PRI", "auto_increment"),
        ("user_id", "int", "NO", "MUL", ""),
        ("original_file_name", "varchar(255)", "NO", "", ""),
        ("status", "enum('Pending','Processing','Completed','Failed')", "NO", "MUL", ""),
        ("s3_input_path", "varchar(2048)", "NO", "", ""),
        ("s3_output_path", "varchar(2048)", "YES", "", ""),
        ("failure_reason", "text", "YES", "", ""),
        ("created_at", "timestamp(3)", "NO", "MUL", ""),
        ("completed_at", "timestamp(3)", "YES", "", ""),
    ],
}


@pytest.mark.parametrize("table", BRIEF)
async def test_the_briefs_tables_have_its_columns_and_types(server_engine: AsyncEngine, table: str):
    asked = text(
        "SELECT column_name, column_type, is_nullable, column_key, extra FROM information_schema.columns"
        " WHERE table_schema = DATABASE() AND table_name = :table ORDER BY ordinal_position"
    )
    async with server_engine.connect() as connection:
        rows = [tuple(row) for row in await connection.execute(asked, {"table": table})]
    # MariaDB writes down the width of an int, which says nothing of its size and which MySQL has dropped.
    columns = [(name, "int" if kind == "int(11)" else kind, *rest) for name, kind, *rest in rows]
    assert columns[: len(BRIEF[table])] == BRIEF[table]


async def test_text_is_compared_by_its_characters_and_ids_are_ascii(server_engine: AsyncEngine):
    asked = text(
        "SELECT column_name, collation_name FROM information_schema.columns"
        " WHERE table_schema = DATABASE() AND collation_name IS NOT NULL AND table_name <> 'alembic_version'"
    )
    async with server_engine.connect() as connection:
        collations = {tuple(row) for row in await connection.execute(asked)}
    ascii_names = {name for name, collation in collations if collation == "ascii_bin"}
    assert {collation for _, collation in collations} == {"utf8mb4_bin", "ascii_bin"}
    assert ascii_names == {
        "public_id",
        "id",
        "source_hash",
        "archive_sha256",
        "digest",
        "fingerprint_sha256",
        "head_sha256",
        "refresh_digest",
        "traceparent",
        "digest_id",
        "target_id",
        "secret_sha256",
        "session_id",
        "batch_id",
    }


async def test_a_video_goes_with_its_user_by_a_foreign_key(server_engine: AsyncEngine):
    asked = text(
        "SELECT table_name, delete_rule FROM information_schema.referential_constraints"
        " WHERE constraint_schema = DATABASE() AND referenced_table_name = 'users'"
    )
    async with server_engine.connect() as connection:
        rules = {tuple(row) for row in await connection.execute(asked)}
    tables = {"video_processings", "intakes", "notifications", "sessions", "password_resets", "email_verifications"}
    owned = tables | {"pauses", "api_keys", "imports", "presets", "batches", "email_changes"}
    assert rules == {(table, "CASCADE") for table in owned}


@pytest.mark.parametrize(
    ("where", "index"),
    [
        (
            """JOIN users u ON u.id = v.user_id WHERE u.public_id = :user AND v.created_at <= '2027-01-01'
            ORDER BY v.created_at DESC, v.public_id DESC LIMIT 21""",
            "ix_video_processings_user_id_created_at_public_id",
        ),
        ("WHERE v.created_at <= '2027-01-01'", "ix_video_processings_created_at_public_id"),
        ("WHERE v.source_hash = :user", "ix_video_processings_source_hash"),
        ("WHERE v.status IN ('Pending', 'Processing') AND v.wake_at < 1", "ix_video_processings_status_wake_at"),
    ],
    ids=["page", "all owners", "source", "due"],
)
async def test_what_is_asked_often_has_an_index(server_engine: AsyncEngine, where: str, index: str):
    story = Story(server_engine)
    user = await story.user()
    for _ in range(3):
        await story.video(user)
    async with server_engine.connect() as connection:
        asked = text(f"EXPLAIN FORMAT=TRADITIONAL SELECT v.id FROM video_processings v {where}")
        parameters = {"user": user} if ":user" in where else {}
        rows = (await connection.execute(asked, parameters)).mappings().all()
    assert any(index in str(row["possible_keys"]) for row in rows), rows
