import asyncio
import zipfile
from pathlib import Path

from devserver.ports import free_pair
from tests.e2e.client import Person
from tests.e2e.conftest import start, stop
from tests.parts.database import DatabasePart


async def test_a_service_whose_user_changes_no_table_goes_the_whole_way_on_mysql(
    server: DatabasePart, samples: Path, tmp_path: Path
):
    await server.make("whole_way")
    up = await asyncio.to_thread(
        start,
        tmp_path / "data",
        free_pair(),
        FIAPX_DATABASE_URL=server.service("whole_way"),
        FIAPX_MIGRATION_DATABASE_URL=server.admin("whole_way"),
        FIAPX_WORKERS="1",
    )
    try:
        async with Person(up.url, "ana@example.com") as ana, asyncio.timeout(90):
            await ana.register()
            await ana.login()
            video = await ana.upload(samples / "bikes.mp4")
            final = await ana.until_final(video["id"])
            assert final["status"] == "COMPLETED"
            frames = await ana.download(final["result"]["downloadUrl"], tmp_path / "frames.zip")
            with zipfile.ZipFile(frames) as archive:
                assert archive.testzip() is None
                assert len(archive.namelist()) == final["result"]["frameCount"] + 1
    finally:
        await asyncio.to_thread(stop, up)
