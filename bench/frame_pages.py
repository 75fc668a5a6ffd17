"""What a page of pictures costs of a ZIP of a hundred thousand: by its index, and by its manifest where it has none.

The ZIP is made as a worker makes it, of pictures of a few bytes, and lies in the embedded storage; what is read of it
is read as the API does. Beside it, what the manifest alone costs that is parsed as a whole, which is the plain way.

Repeat: PYTHONPATH=. python bench/frame_pages.py [PICTURES]
"""

import asyncio
import io
import json
import os
import statistics
import sys
import tempfile
import time
import tracemalloc
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from app.domain.video import FramesArchive
from app.infra.frame_indexes import StoredFrameIndexes
from app.infra.s3.client import s3_client
from app.infra.s3.storage import S3Storage
from app.infra.zip import StoredZip
from app.usecases.generate_zip_file import GenerateZipFile
from app.usecases.ranges import read_range
from bench.redis_away import BUCKET, make_bucket
from tests.fakes.extractor import ScriptedExtractor
from tests.parts.pictures import many
from tests.parts.stores import S3Part
from tests.parts.videos import a_video, new_owner

PAGE: Final = 100
ROUNDS: Final = 50
MOST_OF_PARSING: Final = 0.05
"""So much of the processor time of parsing a manifest may a page take that is found by the index."""


async def archived(storage: S3Storage, pictures: int) -> FramesArchive:
    video = a_video(new_owner(), attempt=1)
    async with ScriptedExtractor(list(many(pictures))).open(Path("source"), video.options) as (media, extraction):
        return await GenerateZipFile(storage, StoredZip, 2**40, 10**9)(video, media, extraction)


async def took(step: Callable[[int], Awaitable[object]], rounds: int = ROUNDS) -> tuple[float, float]:
    """Return the median time of the clock and of this process's processor, in milliseconds."""
    clock, processor = [], []
    for number in range(rounds):
        began, used = time.perf_counter(), time.process_time()
        await step(number)
        clock.append(time.perf_counter() - began)
        processor.append(time.process_time() - used)
    return statistics.median(clock) * 1000, statistics.median(processor) * 1000


def told(what: str, measured: tuple[float, float], memory: int | None = None) -> None:
    held = "" if memory is None else f", {memory / 1024**2:.1f} MiB of memory at most"
    print(f"{what}: {measured[0]:.2f} ms, {measured[1]:.2f} of the processor{held}", flush=True)


async def held_by(step: Callable[[], Awaitable[object]]) -> int:
    """Return what it had in memory at most; it is slow while that is watched, so nothing is timed then."""
    tracemalloc.start()
    await step()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


async def measured(storage: S3Storage, pictures: int) -> float:
    archive = await archived(storage, pictures)
    print(f"{pictures} pictures: a ZIP of {archive.size_bytes / 1024**2:.1f} MiB, load {os.getloadavg()[0]:.1f}")
    indexes, step = StoredFrameIndexes(storage), max(1, (pictures - PAGE) // ROUNDS)

    async def page(number: int) -> None:
        assert len(await indexes.frames(archive, 1 + number * step, number * step + PAGE)) == PAGE

    by_index = await took(page)
    told("A page of 100 by the index", by_index, await held_by(lambda: page(7)))
    told("A picture by its place", await took(lambda number: indexes.frames(archive, number + 1, number + 1)))
    told("A picture by its time", await took(lambda number: indexes.at(archive, number * step / 25)))
    await storage.delete([archive.index_key])

    async def first(_: int) -> None:
        await StoredFrameIndexes(storage).frames(archive, 1, PAGE)

    told("The first page without an index", await took(first, 3), await held_by(lambda: first(0)))
    await page(0)
    told("Each page after that", await took(page))
    document = await manifest(storage, archive)

    async def parsed(_: int) -> None:
        json.loads(document)

    whole = await took(parsed, 3)
    told(f"json.loads of the manifest's {len(document) / 1024**2:.1f} MiB", whole, await held_by(lambda: parsed(0)))
    return by_index[1] / whole[1]


async def manifest(storage: S3Storage, archive: FramesArchive) -> bytes:
    data = await read_range(storage, archive.key, 0, archive.size_bytes)
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        return opened.read("manifest.json")


async def whole(s3: S3Part, pictures: int) -> float:
    client = s3_client(s3.url, region="us-east-1", access_key=s3.access_key, secret_key=s3.secret_key, threads=4)
    storage = S3Storage(client, BUCKET, region="us-east-1", threads=4)
    try:
        return await measured(storage, pictures)
    finally:
        await storage.aclose()


def main(pictures: int) -> int:
    with tempfile.TemporaryDirectory() as name, S3Part(Path(name)) as s3:
        make_bucket(s3)
        ratio = asyncio.run(whole(s3, pictures))
    print(f"a page by the index takes {ratio:.4f} of what parsing the manifest does (at most {MOST_OF_PARSING})")
    print(f"repeat: PYTHONPATH=. python bench/frame_pages.py {pictures}")
    return ratio > MOST_OF_PARSING


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
