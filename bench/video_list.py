"""What it takes to search and sort the list of a user with 10,000 videos, beside its newest page, which an index gives.

The record holds as many of another user. On SQLite, and on MariaDB where that is installed.

Repeat: PYTHONPATH=. python bench/video_list.py [VIDEOS [ROUNDS]]
"""

import asyncio
import random
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

from sqlalchemy import insert

from app.domain.user import UserId
from app.domain.video import ProcessingStatus, VideoOrder
from app.infra.sql.engine import close_engine, engine_for
from app.infra.sql.migrate import migrate
from app.infra.sql.rows import video_columns
from app.infra.sql.table import row_of
from app.infra.sql.tables import users, video_processings
from app.usecases.paging import Slice
from app.usecases.ports.videos import VideoFilter
from app.usecases.video_orders import ORDERS
from tests.contracts.story import MEDIA, Story, a_video
from tests.parts.mariadb import MariaDbPart

TARGET_MS: Final = 100
"""A page is there before anybody notices that it was asked for."""
WORDS: Final = ("férias", "praia", "casamento", "entrevista", "aula", "drone", "montanha", "São", "Paulo", "IMG", "VID")
_NEVER: Final = {"lost_attempts": 0, "released": False, "transient_failures": 0, "sweeps": 0, "sweep_delay": 0}


async def fill(story: Story, owner: UserId, count: int) -> None:
    """Write down so many videos of one user."""
    rows = []
    for number in range(count):
        name = f"{' '.join(random.sample(WORDS, 3))} {number:05}.mp4"
        media = replace(MEDIA, duration_seconds=random.uniform(1, 7200))
        size = random.randrange(10**6, 10**10)
        video = a_video(owner, created=number, original_file_name=name, size_bytes=size, media=media)
        rows.append({**video_columns(video), **_NEVER, "request_digest": "", "wake_at": 0})
    async with story.engine.begin() as connection:
        await connection.execute(insert(video_processings).values(user_id=row_of(users, owner)), rows)


async def measure(url: str, count: int, rounds: int) -> bool:
    """Print what each question takes; return whether all stay within the target."""
    await migrate(url)
    engine = engine_for(url)
    story = Story(engine)
    ana, bruno = await story.user(), await story.user()
    for owner in (bruno, ana):
        await fill(story, owner, count)
    ready = frozenset({ProcessingStatus.COMPLETED})
    every, words = VideoFilter(), VideoFilter(words=("praia", "0"))
    questions = {
        "newest": (every, VideoOrder.NEWEST),
        "by name": (every, VideoOrder.NAME),
        "largest": (every, VideoOrder.LARGEST),
        "longest": (every, VideoOrder.LONGEST),
        "two words": (words, VideoOrder.NEWEST),
        "two words by name": (words, VideoOrder.NAME),
        "a word of none": (VideoFilter(words=("nothing",)), VideoOrder.NEWEST),
        "a state of none": (VideoFilter(ready), VideoOrder.NEWEST),
    }
    took: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, (which, order) in questions.items():
            began = time.perf_counter()
            first = await story.transactions.read(lambda t: t.videos.listed(ana, which, order, Slice(51)))  # noqa: B023
            took.setdefault(name, []).append(time.perf_counter() - began)
            if len(first) > 50:
                part = Slice(51, after=ORDERS[order].key(first[-1]))
                began = time.perf_counter()
                await story.transactions.read(lambda t: t.videos.listed(ana, which, order, part))  # noqa: B023
                took.setdefault(f"{name}, second page", []).append(time.perf_counter() - began)
        for name, which in (("counts", every), ("counts of two words", words)):
            began = time.perf_counter()
            await story.transactions.read(lambda t: t.videos.counts(ana, which))  # noqa: B023
            took.setdefault(name, []).append(time.perf_counter() - began)
    await close_engine(engine)
    medians = {name: 1000 * statistics.median(times) for name, times in took.items()}
    for name, median in medians.items():
        print(f"  {name:28} {median:7.1f} ms, {median / medians['newest']:5.1f} times the newest page")
    return max(medians.values()) <= TARGET_MS


async def main(count: int, rounds: int) -> None:
    good = []
    with tempfile.TemporaryDirectory() as folder:
        print(f"SQLite, {count} videos of each of two users, medians of {rounds}:")
        good.append(await measure(f"sqlite+aiosqlite:///{folder}/record.db", count, rounds))
        if shutil.which("mariadbd", path="/usr/sbin:/usr/local/sbin:/usr/bin"):
            print("MariaDB:")
            server = MariaDbPart(Path(folder))
            server.start()
            try:
                await server.make("listed")
                good.append(await measure(server.admin("listed"), count, rounds))
            finally:
                server.stop()
    print(f"at most {TARGET_MS} ms: {'yes' if all(good) else 'NO'}")
    sys.exit(not all(good))


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    asyncio.run(main(given[0] if given else 10_000, given[1] if len(given) > 1 else 15))
