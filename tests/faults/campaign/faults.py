"""The kinds of faults. Each strikes for a while and is over when it returns; what it leaves behind is the service's."""

import asyncio
import os
import random
import resource
import signal
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from redis.asyncio import Redis

from tests.faults.campaign.deployment import API, LEASE_SECONDS, WORKERS, Deployment
from tests.parts.cut_disk import what_is_missing

Strike = Callable[[Deployment, random.Random], Awaitable[None]]
SHORT: Final = 8.0
LONG: Final = 25.0
MIB: Final = 1024**2
_NO_DECODER_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind: its name, what it does, and with which database it can be."""

    name: str
    strike: Strike
    mariadb: bool
    sqlite: bool


FAULTS: Final[list[Fault]] = []


def fault(name: str, *, mariadb: bool = True, sqlite: bool = True, possible: bool = True) -> Callable[[Strike], Strike]:
    """Enter one into the list, where this machine lets it be."""

    def enter(strike: Strike) -> Strike:
        if possible:
            FAULTS.append(Fault(name, strike, mariadb, sqlite))
        return strike

    return enter


def chosen(count: int, chance: random.Random, *, mariadb: bool) -> list[Fault]:
    """Return so many, every kind as often as every other, in an order that the seed decides."""
    kinds = [one for one in FAULTS if (one.mariadb if mariadb else one.sqlite)]
    order: list[Fault] = []
    while len(order) < count:
        order += chance.sample(kinds, len(kinds))
    return order[:count]


# ------------------------------------------------------------ processes


@fault("a worker is killed")
async def _(at: Deployment, chance: random.Random) -> None:
    at.signal(chance.choice(WORKERS), signal.SIGKILL)


@fault("both workers are killed")
async def _(at: Deployment, _: random.Random) -> None:
    for name in WORKERS:
        at.signal(name, signal.SIGKILL)


@fault("a worker is told to end")
async def _(at: Deployment, chance: random.Random) -> None:
    at.signal(chance.choice(WORKERS), signal.SIGTERM)


@fault("a worker freezes beyond its lease")
async def _(at: Deployment, chance: random.Random) -> None:
    await _frozen(at, [chance.choice(WORKERS)], LEASE_SECONDS + 4)


@fault("the API is killed")
async def _(at: Deployment, _: random.Random) -> None:
    at.signal(API, signal.SIGKILL)


@fault("the API is told to end")
async def _(at: Deployment, _: random.Random) -> None:
    at.signal(API, signal.SIGTERM)


@fault("the API freezes")
async def _(at: Deployment, _: random.Random) -> None:
    await _frozen(at, [API], SHORT)


@fault("the machine is suspended")
async def _(at: Deployment, _: random.Random) -> None:
    for store in at.stores.values():
        store.freeze()
    try:
        await _frozen(at, [API, *WORKERS], 2 * LEASE_SECONDS)
    finally:
        for store in at.stores.values():
            store.thaw()


async def _frozen(at: Deployment, names: list[str], seconds: float) -> None:
    running = [at.processes[name].running for name in names]
    for process in running:
        process.send_signal(signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        for process in running:
            process.send_signal(signal.SIGCONT)


@fault("a worker gets no more memory")
async def _(at: Deployment, chance: random.Random) -> None:
    await _starved(at, chance.choice(WORKERS))


@fault("the API gets no more memory")
async def _(at: Deployment, _: random.Random) -> None:
    await _starved(at, API)


async def _starved(at: Deployment, name: str) -> None:
    """Bound a process's address space to what it has; what its allocator has kept it may still use."""
    process = at.processes[name].running.pid
    with suppress(ProcessLookupError):  # Without memory it may end.
        before = resource.prlimit(process, resource.RLIMIT_AS)
        has = int(Path(f"/proc/{process}/statm").read_text().split()[0]) * resource.getpagesize()
        resource.prlimit(process, resource.RLIMIT_AS, (has, before[1]))
        await asyncio.sleep(SHORT)
        resource.prlimit(process, resource.RLIMIT_AS, before)


@fault("nothing more can be written where workers work", possible=what_is_missing() is None)
async def _(at: Deployment, _: random.Random) -> None:
    ballast = at.work / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file:
            for piece in (
                bytes(MIB),
                bytes(resource.getpagesize()),
            ):  # What is too large for what is left fills nothing.
                with suppress(OSError):
                    while True:
                        file.write(piece)
        await asyncio.sleep(SHORT)
    finally:
        ballast.unlink()


# ------------------------------------------------------------ decoders


@fault("a decoder is killed, as by a kernel without memory")
async def _(at: Deployment, _: random.Random) -> None:
    _signal(await _a_decoder(at), signal.SIGKILL)


@fault("a decoder is told to end")
async def _(at: Deployment, _: random.Random) -> None:
    _signal(await _a_decoder(at), signal.SIGTERM)


@fault("a decoder freezes")
async def _(at: Deployment, _: random.Random) -> None:
    decoder = await _a_decoder(at)
    _signal(decoder, signal.SIGSTOP)
    await asyncio.sleep(SHORT)
    _signal(decoder, signal.SIGCONT)


async def _a_decoder(at: Deployment) -> int | None:
    """Wait for one to hit; small films are done so soon that there may be none."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_NO_DECODER_SECONDS):
            while not (found := at.decoders()):
                await asyncio.sleep(0.02)
            return found[0]
    return None


def _signal(process: int | None, number: signal.Signals) -> None:
    if process is not None:
        with suppress(ProcessLookupError):
            os.kill(process, number)


# ------------------------------------------------------------ stores


def _store_faults(name: str, called: str, *, sqlite: bool = True) -> None:
    """Enter what can befall any store: it dies, it freezes, and the line to it is cut, silent or slow."""

    @fault(f"{called} is killed and comes back", sqlite=sqlite)
    async def _(at: Deployment, _: random.Random) -> None:
        at.stores[name].kill()
        await asyncio.sleep(1)
        await asyncio.to_thread(at.stores[name].start)

    @fault(f"{called} freezes", sqlite=sqlite)
    async def _(at: Deployment, _: random.Random) -> None:
        at.stores[name].freeze()
        try:
            await asyncio.sleep(SHORT)
        finally:
            at.stores[name].thaw()

    @fault(f"the line to {called} is cut", sqlite=sqlite)
    async def _(at: Deployment, chance: random.Random) -> None:
        with _broken(at, name):
            at.lines[name].cut()
            await asyncio.sleep(chance.choice([SHORT, SHORT, LONG]))

    @fault(f"the line to {called} is silent", sqlite=sqlite)
    async def _(at: Deployment, _: random.Random) -> None:
        with _broken(at, name):
            at.lines[name].fall_silent()
            await asyncio.sleep(SHORT)

    @fault(f"the line to {called} is slow", sqlite=sqlite)
    async def _(at: Deployment, _: random.Random) -> None:
        with _broken(at, name):
            at.lines[name].delay_seconds = 0.2
            await asyncio.sleep(SHORT)


@contextmanager
def _broken(at: Deployment, name: str) -> Iterator[None]:
    try:
        yield
    finally:
        at.lines[name].mend()


_store_faults("redis", "Redis")
_store_faults("s3", "the storage")
_store_faults("database", "the database", sqlite=False)


@fault("Redis is emptied")
async def _(at: Deployment, _: random.Random) -> None:
    async with Redis.from_url(at.redis_url) as redis:
        await redis.flushall()


@fault("nobody takes mails")
async def _(at: Deployment, _: random.Random) -> None:
    with _broken(at, "smtp"):
        at.lines["smtp"].cut()
        await asyncio.sleep(SHORT)


@fault("a commit is not heard", sqlite=False)
async def _(at: Deployment, _: random.Random) -> None:
    await _commits_cut(at, "before")


@fault("the answer to a commit is lost", sqlite=False)
async def _(at: Deployment, _: random.Random) -> None:
    await _commits_cut(at, "after")


async def _commits_cut(at: Deployment, when: Literal["before", "after"]) -> None:
    """Cut around ten commits, one after the other."""
    line = at.lines["database"]
    with _broken(at, "database"):
        for _ in range(10):
            line.cut_commit = when
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    while line.cut_commit:
                        await asyncio.sleep(0.02)


@fault("another program holds the database's lock", mariadb=False)
async def _(at: Deployment, _: random.Random) -> None:
    connection = sqlite3.connect(at.folder / "fiapx.db", isolation_level=None, timeout=30, check_same_thread=False)
    try:
        await asyncio.to_thread(connection.execute, "BEGIN IMMEDIATE")
        await asyncio.sleep(SHORT)
        connection.execute("ROLLBACK")
    finally:
        connection.close()
