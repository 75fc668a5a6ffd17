"""Tries every part that the service stands on, and says of each in one sentence how it is."""

import asyncio
import os
import shutil
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final, final
from uuid import uuid4

import aiosmtplib
from redis.asyncio import Redis

from app.decoding_settings import GIB
from app.domain.errors import StorageError
from app.infra.ffmpeg.confinement import available
from app.infra.ffmpeg.program import program
from app.infra.mail import smtp_connection
from app.infra.redis.connection import connection_pool
from app.infra.s3.client import client_of
from app.infra.s3.faults import S3_FAULTS
from app.infra.s3.storage import S3Storage
from app.infra.sql.clock import DatabaseClock
from app.infra.sql.engine import engine_for
from app.infra.sql.revisions import wait_for_schema
from app.infra.workspace import Workspace
from app.settings import CheckSettings

_LIMIT_SECONDS: Final = 10.0
"""For each part; all are tried at once."""
_FAR_SECONDS: Final = 30
"""A clock that is further off makes log lines lie and, at fifteen minutes, S3 refuse every request."""
_FREE_BYTES: Final = GIB
_TRIPS: Final = 3
"""The shortest of so many tells a clock best."""


class Wrong(Exception):
    """A part does not do; the message is the sentence."""


@contextmanager
def _or_wrong(sentence: str, faults: tuple[type[Exception], ...] = (Exception,)) -> Iterator[None]:
    """Let the block's faults be what is wrong, in a sentence that holds what was said."""
    try:
        yield
    except faults as fault:
        raise Wrong(sentence.format(_said(fault))) from fault


@final
@dataclass(frozen=True, slots=True)
class Finding:
    """How one part is."""

    part: str
    works: bool
    sentence: str
    seconds: float


async def _database(settings: CheckSettings) -> str:
    with _or_wrong("The database does not do ({}): check FIAPX_DATABASE_URL, and that fiapx migrate has run."):
        await wait_for_schema(settings.database_url, 0)
    return "The database answers, and its tables are those of this version or of a newer one."


async def _clock(settings: CheckSettings) -> str:
    engine = engine_for(settings.database_url)
    clock = DatabaseClock(engine)
    try:
        with _or_wrong("The database's clock cannot be read ({}): see what is said of the database."):
            await clock.synchronise()
    finally:
        await engine.dispose()
    off = abs(clock.now().timestamp() - time.time())
    if off > _FAR_SECONDS:
        raise Wrong(f"This machine's clock and the database's are {off:.0f} s apart: set both by NTP.")
    return f"This machine's clock and the database's are {off:.1f} s apart."


async def _redis(settings: CheckSettings) -> str:
    key = f"fiapx:check:{uuid4().hex}"
    async with Redis.from_pool(connection_pool(settings.redis_url)) as redis:
        with _or_wrong("Redis does not do ({}): check FIAPX_REDIS_URL, its password and that it may be written to."):
            await redis.set(key, "?", ex=60)
            await redis.delete(key)
            memory: Mapping[str, str | int] = await redis.info("memory")
    policy = memory.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        raise Wrong(f"Redis throws keys away when it is full ({policy}): set its maxmemory-policy to noeviction.")
    return "Redis answers, may be written to, and throws nothing away."


async def _storage(settings: CheckSettings) -> str:
    bucket, key = settings.s3_bucket, f"checks/{uuid4().hex}"
    with closing(client_of(settings, settings.s3_url, connect_timeout=3, read_timeout=5)) as client:
        storage = S3Storage(client, bucket, region=settings.s3_region, threads=1)
        try:
            await storage.ping()
        except StorageError as fault:
            why = fault.message if fault.message != StorageError().message else _said(fault.__cause__ or fault)
            raise Wrong(
                f"The storage does not do ({why}): check FIAPX_S3_URL, FIAPX_S3_BUCKET and the keys."
            ) from fault
        steps: list[tuple[str, Callable[[], object]]] = [
            ("written to", partial(client.put_object, Bucket=bucket, Key=key, Body=b"?")),
            ("read from", partial(client.get_object, Bucket=bucket, Key=key)),
            ("deleted from", partial(client.delete_object, Bucket=bucket, Key=key)),
        ]
        for what, step in steps:
            failed = f"The bucket '{bucket}' cannot be {what} ({{}}): check the key's rights and the space."
            with _or_wrong(failed, S3_FAULTS):
                await asyncio.to_thread(step)
    return f"The bucket '{bucket}' can be written to, read from and deleted from."


async def _mail(settings: CheckSettings) -> str:
    if settings.smtp_url is None:
        return "No mail server is set here; control workers need FIAPX_SMTP_URL."
    connection = smtp_connection(settings.smtp_url)
    faults = (aiosmtplib.SMTPException, OSError)
    with _or_wrong("The mail server does not do ({}): check FIAPX_SMTP_URL and its password.", faults):
        async with aiosmtplib.SMTP(**connection, timeout=_LIMIT_SECONDS / 2) as client:
            await client.noop()
    return "The mail server answers" + (" and knows us." if connection["username"] else ".")


async def _decoder(settings: CheckSettings) -> str:
    del settings
    with _or_wrong("ffmpeg does not run ({}): install the extra 'worker' of this package.", (OSError,)):
        process = await asyncio.create_subprocess_exec(
            program(), "-version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        said, _ = await process.communicate()
    if process.returncode != 0:
        raise Wrong(f"ffmpeg ended with {process.returncode}: install the extra 'worker' of this package anew.")
    return f"ffmpeg runs: {said.decode(errors='replace').splitlines()[0]}."


async def _confinement(settings: CheckSettings) -> str:
    missing = " and ".join(available().missing)
    if missing and settings.require_confinement:
        raise Wrong(
            f"This kernel has no {missing}, which FIAPX_REQUIRE_CONFINEMENT asks for: use another, or unset it."
        )
    if missing:
        return f"Decoders are not fully confined here: this kernel has no {missing}."
    return "Decoders are confined by Landlock and seccomp."


async def _work_directory(settings: CheckSettings) -> str:
    with _or_wrong("The work directory does not do ({}): check FIAPX_WORK_DIR.", (OSError,)):
        root = await asyncio.to_thread(Workspace(settings.work_dir).prepare)
        probe = root / f".check-{os.getpid()}"
        probe.write_bytes(b"?")
        probe.unlink()
        free = shutil.disk_usage(root).free
    if free < _FREE_BYTES:
        raise Wrong(
            f"The work directory {root} has {_gib(free)} left: free some space, or set FIAPX_WORK_DIR elsewhere."
        )
    return f"The work directory {root} has {_gib(free)} left."


PARTS: Final[Mapping[str, Callable[[CheckSettings], Awaitable[str]]]] = {
    "database": _database,
    "redis": _redis,
    "storage": _storage,
    "mail": _mail,
    "ffmpeg": _decoder,
    "confinement": _confinement,
    "work directory": _work_directory,
    "clock": _clock,
}


async def check(settings: CheckSettings, parts: Collection[str] = tuple(PARTS)) -> Sequence[Finding]:
    """Try these parts at once, each for ten seconds at most."""
    return await asyncio.gather(*(_tried(part, settings) for part in PARTS if part in parts))


async def clocks(settings: CheckSettings) -> Mapping[str, float]:
    """Return by how many seconds each clock is ahead of this machine's, whose own is zero.

    :raises DatabaseUnavailable: where the database is away
    :raises RedisError: where Redis is
    """
    engine = engine_for(settings.database_url)
    clock = DatabaseClock(engine)
    try:
        await clock.synchronise()
    finally:
        await engine.dispose()
    database = clock.now().timestamp() - time.time()
    trips: list[tuple[float, float]] = []
    async with Redis.from_pool(connection_pool(settings.redis_url)) as redis:
        for _ in range(_TRIPS):
            before = time.time()
            seconds, microseconds = await redis.time()
            after = time.time()
            trips.append((after - before, seconds + microseconds / 1e6 - (before + after) / 2))
    return {"this machine": 0.0, "the database": database, "Redis": min(trips)[1]}


async def _tried(part: str, settings: CheckSettings) -> Finding:
    began = time.monotonic()
    try:
        async with asyncio.timeout(_LIMIT_SECONDS):
            works, sentence = True, await PARTS[part](settings)
    except Wrong as wrong:
        works, sentence = False, str(wrong)
    except TimeoutError:
        works = False
        sentence = f"The {part} gave no answer within {_LIMIT_SECONDS:g} s: check its address and the network."
    return Finding(part, works, sentence, round(time.monotonic() - began, 3))


def _said(fault: BaseException) -> str:
    """Return what a library said, on one line."""
    return " ".join(str(fault).split()).rstrip(".") or type(fault).__name__


def _gib(size: int) -> str:
    return f"{size / GIB:.1f} GiB"
