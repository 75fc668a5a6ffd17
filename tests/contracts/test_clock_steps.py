"""The machine's clock is set while processes on SQLite hold leases; on a server its own clock decides."""

import asyncio
import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.video import Progress, VideoId
from app.infra.sql.clock import DatabaseClock
from app.usecases.ports.transactions import Transaction
from tests.contracts.story import Story, an_archive

TEN_MINUTES = 600_000
LEASE = timedelta(seconds=15)
A_SECOND = timedelta(seconds=1)


@dataclass
class Machine:
    """Its clock may be set; how long it has been up may not."""

    wall: int = 1_800_000_000_000
    uptime: int = 5_000_000
    boot: str = "one start"

    def passes(self, seconds: float) -> None:
        self.wall += round(seconds * 1000)
        self.uptime += round(seconds * 1000)

    async def process(self, engine: AsyncEngine) -> DatabaseClock:
        """Give the clock of a process that starts now."""
        clock = DatabaseClock(engine, wall=lambda: self.wall, uptime=lambda: self.uptime, boot=lambda: self.boot)
        await clock.synchronise()
        return clock


@pytest.fixture
def engine(sqlite_engine: AsyncEngine) -> AsyncEngine:
    return sqlite_engine


async def claims(story: Story, video: VideoId, clock: DatabaseClock) -> bool:
    async def step(t: Transaction) -> bool:
        lease, now = await t.videos.lease(video), clock.now()
        assert lease is not None
        return await t.videos.claim(lease, now=now, until=now + LEASE, lost_attempts=0)

    return await story.transactions.write(step)


async def test_a_step_back_lengthens_no_lease(story: Story, engine: AsyncEngine):
    machine = Machine()
    dead = await machine.process(engine)
    video = await story.video(await story.user())
    assert await claims(story, video, dead)
    machine.wall -= TEN_MINUTES
    successor = await machine.process(engine)
    await dead.synchronise()
    machine.passes(14)
    assert not await claims(story, video, successor)  # Nor do two hold it.
    machine.passes(2)
    assert await claims(story, video, successor)


async def test_a_step_back_is_not_seen_by_who_runs_or_starts(engine: AsyncEngine):
    machine = Machine()
    running = await machine.process(engine)
    before = running.now()
    machine.wall -= TEN_MINUTES
    machine.passes(1)
    started = await machine.process(engine)
    await running.synchronise()
    assert running.now() == started.now() == before + A_SECOND


async def test_a_step_forward_takes_no_lease_from_who_hears_of_it_and_lets_no_two_end_one(
    story: Story, engine: AsyncEngine
):
    machine = Machine()
    holder, other = await machine.process(engine), await machine.process(engine)
    video = await story.video(await story.user())
    assert await claims(story, video, holder)
    machine.wall += TEN_MINUTES
    assert not await claims(story, video, other)  # A step alone is nothing to who runs.
    await other.synchronise()
    assert await claims(story, video, other)
    at = holder.now()

    async def beat(t: Transaction) -> bool:
        return await t.videos.heartbeat(video, 1, until=at + LEASE, progress=Progress(), media=None)

    assert not await story.transactions.write(beat)
    ends = [
        await story.transactions.write(
            lambda t, n=attempt: t.videos.complete(video, n, archive=an_archive(video, n), at=at)  # type: ignore[misc]  # n is bound for this round
        )
        for attempt in (1, 2)
    ]
    assert ends == [False, True]
    await holder.synchronise()
    assert holder.now() == other.now() == at + timedelta(milliseconds=TEN_MINUTES)


async def test_after_a_new_start_the_machines_clock_counts_again(engine: AsyncEngine):
    machine = Machine()
    before = await machine.process(engine)
    machine.wall += TEN_MINUTES
    await before.synchronise()
    machine.wall -= TEN_MINUTES
    machine.uptime, machine.boot = 10_000, "another start"
    assert (await machine.process(engine)).now().timestamp() * 1000 == machine.wall


async def test_who_is_alone_may_forget_a_time_that_was_far_ahead(engine: AsyncEngine):
    machine = Machine()
    clock = await machine.process(engine)
    machine.wall += TEN_MINUTES
    await clock.synchronise()
    machine.wall -= TEN_MINUTES
    await clock.forget()
    await clock.synchronise()
    assert clock.now().timestamp() * 1000 == machine.wall


PROCESS = """
import asyncio, json, sys
from app.infra.sql.clock import DatabaseClock, uptime_ms, wall_ms
from app.infra.sql.engine import engine_for

async def main(url, off):
    engine = engine_for(url)
    clock = DatabaseClock(engine, wall=lambda: wall_ms() + off)
    await clock.synchronise()
    print(json.dumps(clock.now().timestamp() * 1000 - uptime_ms()))
    await engine.dispose()

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


@pytest.mark.slow
async def test_processes_of_one_machine_agree_whatever_its_clock_says_to_each(engine: AsyncEngine):
    url = engine.url.render_as_string(hide_password=False)

    async def began(off: int) -> float:
        done = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", PROCESS, url, str(off)], capture_output=True, check=True
        )
        return float(json.loads(done.stdout))

    first = await began(0)
    late = await asyncio.gather(*(began(off) for off in (-TEN_MINUTES, -1000, 0)))
    assert all(abs(one - first) <= 2 for one in late), (first, late)
    assert abs(await began(TEN_MINUTES) - first - TEN_MINUTES) < 1000
