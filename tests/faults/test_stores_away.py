"""A store that is away for longer than any video may be tried: work waits for it, and goes on by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from app.domain.video import ProcessingStatus
from devserver.ports import free_pair
from tests.faults.conftest import Stack
from tests.faults.test_dying_workers import check_whole
from tests.parts.stores import S3Part
from tests.parts.waiting import until

NO_PATIENCE = {"FIAPX_MAX_TRANSIENT_FAILURES": "2"}


@asynccontextmanager
async def way_to(url: str, port: int) -> AsyncIterator[None]:
    """Let this port lead to the store for as long as the block lasts."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = urlsplit(url)
        from_store, to_store = await asyncio.open_connection(there.hostname, there.port)
        await asyncio.gather(pump(reader, to_store), pump(from_store, writer), return_exceptions=True)

    async with await asyncio.start_server(serve, "127.0.0.1", port):
        yield


async def test_videos_that_were_accepted_outlast_a_storage_that_is_away(
    stack: Stack, samples: Path, tmp_path: Path, s3: S3Part
):
    videos = [await stack.upload(samples / "carphone_pristine.mp4") for _ in range(3)]
    port = free_pair()
    stack.start_worker(**NO_PATIENCE, FIAPX_S3_URL=s3.url.replace(str(urlsplit(s3.url).port), str(port)))
    await until(lambda: "a store is away, no video is taken until it is back" in stack.log.read_text(), 60)
    await asyncio.sleep(10)  # By then each of them would have been tried as often as it may be.
    assert {(await stack.row(video.id)).failure for video in videos} == {None}
    async with way_to(s3.url, port):
        for video in videos:
            row = await stack.until_final(video.id, 90)
            assert row.status is ProcessingStatus.COMPLETED, row.failure
            await check_whole(stack, row, tmp_path)
        await asyncio.to_thread(stack.end_workers)
