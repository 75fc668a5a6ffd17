"""The database is away just when an attempt has made its ZIP."""

import asyncio
import re
from pathlib import Path

import pytest
from sqlalchemy import make_url

from app.domain.video import ProcessingStatus
from app.infra.sql.migrate import migrate
from app.settings import Settings
from tests.faults.conftest import Stack
from tests.faults.test_dying_workers import check_whole
from tests.parts.dark_line import DarkLine
from tests.parts.mariadb import MariaDbPart

pytestmark = pytest.mark.outside

END = re.compile(rb"UPDATE video_processings SET .*/(\d+)\.zip", re.DOTALL)
"""What an attempt ends with, and its number."""


@pytest.fixture
async def database_url(mariadb: MariaDbPart) -> str:
    """The record of the stack, on a server, so that there is a line to it."""
    await mariadb.make("dark")
    await migrate(mariadb.admin("dark"))
    return mariadb.service("dark")


async def test_a_zip_that_is_made_is_published_within_its_lease_though_the_database_goes_dark_just_then(
    stack: Stack, database_url: str, samples: Path, tmp_path: Path
):
    """What was open when it went dark is never heard of again."""
    line = DarkLine(make_url(database_url), END, seconds=4)
    async with line.url() as url:
        stack.start_worker(FIAPX_DATABASE_URL=url, FIAPX_HEARTBEAT_SECONDS="5")
        video = await stack.upload(samples / "carphone_pristine.mp4")
        await stack.until(video.id, lambda row: row.attempt == 1, 60)
        row = await stack.until_final(video.id, Settings.model_fields["lease_seconds"].default)
        await asyncio.to_thread(stack.end_workers)
    assert (row.status, row.attempt, line.said) == (ProcessingStatus.COMPLETED, 1, {b"1"})
    await check_whole(stack, row, tmp_path)
