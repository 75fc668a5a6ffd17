"""One deployment on this machine: real stores behind lines that can break, and processes that are started again."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import boto3
import httpx
from botocore.config import Config
from sqlalchemy import make_url

from app.infra.sql.migrate import migrate
from devserver.ports import free_pair
from tests.faults.campaign.line import Line
from tests.parts.cut_disk import CutDisk, what_is_missing
from tests.parts.known_secrets import remember
from tests.parts.mariadb import MariaDbPart
from tests.parts.running import RunningPart
from tests.parts.stores import S3Part, SmtpSinkPart, ValkeyPart

ROOT: Final = Path(__file__).parents[3]
BUCKET: Final = "campaign"
API: Final = "api"
WORKERS: Final = ("worker-1", "worker-2")
LEASE_SECONDS: Final = 6
_WORK_MEGABYTES: Final = 128
_RESTART_SECONDS: Final = 1.0
"""After so long an orchestrator starts again what has ended."""
_READY_SECONDS: Final = 90


@dataclass(frozen=True, slots=True)
class Stack:
    """Whose processes run: how Python is told to start them, and what is to be expected of them in the end."""

    api: tuple[str, ...]
    worker: tuple[str, ...]
    collects_garbage: bool
    """Whether it removes by itself what no row names."""
    budget_seconds: float
    """So long after the last fault everything may take to end."""


OURS: Final = Stack(("app.cli", "api"), ("app.cli", "worker"), collects_garbage=True, budget_seconds=600)


@dataclass
class Process:
    """One of the service's processes."""

    command: tuple[str, ...]
    running: subprocess.Popen[bytes]
    ended_at: float | None = None


@dataclass
class Deployment:
    """The service and its stores. ``keep`` starts again what ends, until ``end``."""

    folder: Path
    work: Path
    """Where workers keep what they have in hand: a small disk of its own, where the machine gives one."""
    environment: dict[str, str]
    stores: dict[str, RunningPart]
    lines: dict[str, Line]
    database_url: str
    """Without a line: for whoever looks at the record from outside."""
    redis_url: str
    """Likewise."""
    mails: Path
    port: int
    processes: dict[str, Process] = field(default_factory=dict)

    @classmethod
    @asynccontextmanager
    async def running(
        cls,
        folder: Path,
        *,
        mariadb: bool,
        stack: Stack = OURS,
        workers: Iterable[str] = WORKERS,
        settings: Mapping[str, str] | None = None,
    ) -> AsyncIterator[Self]:
        """Start everything, with these settings beside its own; all of it has ended after the block."""
        async with AsyncExitStack() as exits:
            valkey = exits.enter_context(ValkeyPart(folder))
            s3 = exits.enter_context(S3Part(folder))
            smtp = exits.enter_context(SmtpSinkPart(folder))
            stores: dict[str, RunningPart] = {"redis": valkey, "s3": s3, "smtp": smtp}
            urls = {"redis": valkey.url, "s3": s3.url, "smtp": smtp.url}
            if mariadb:
                stores["database"] = server = exits.enter_context(MariaDbPart(folder))
                await server.make("campaign")
                await migrate(server.admin("campaign"))
                database_url = urls["database"] = server.service("campaign")
            else:
                database_url = f"sqlite+aiosqlite:///{folder}/fiapx.db"
                await migrate(database_url)
            lines = {}
            for name, url in urls.items():
                port = make_url(url).port
                assert port is not None
                lines[name] = await exits.enter_async_context(Line(port).running())
                urls[name] = url.replace(f":{port}", f":{lines[name].port}", 1)
            _make_bucket(s3)
            environment = _environment(s3, urls, urls.get("database", database_url)) | dict(settings or {})
            work = environment["FIAPX_WORK_DIR"] = str(_place_to_work(exits, folder / "work"))
            port = int(environment["FIAPX_PORT"])
            made = cls(folder, Path(work), environment, stores, lines, database_url, valkey.url, smtp.folder, port)
            try:
                made.start(API, *stack.api)
                for name in workers:
                    made.start(name, *stack.worker)
                keeping = asyncio.create_task(made._keep())
                await made.until_ready()
                try:
                    yield made
                finally:
                    keeping.cancel()
            finally:
                made._end()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, name: str, *command: str) -> None:
        """Start one of the service's processes; what it writes goes to a log of its own."""
        with (self.folder / f"{name}.log").open("ab") as log:
            running = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env=os.environ | self.environment,
                stdout=log,
                stderr=log,
            )
        self.processes[name] = Process(command, running)

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send one of them a signal."""
        self.processes[name].running.send_signal(number)

    def decoders(self) -> list[int]:
        """Return the processes that decode for the workers just now."""
        workers = {self.processes[name].running.pid for name in WORKERS}
        return [pid for pid in descendants(workers) if "ffmpeg" in _command_of(pid)]

    async def until_ready(self) -> None:
        """Wait until the API says that it is."""
        async with asyncio.timeout(_READY_SECONDS), httpx.AsyncClient(base_url=self.url, trust_env=False) as client:
            while True:
                with suppress(httpx.TransportError):
                    if (await client.get("/readyz")).status_code == httpx.codes.OK:
                        return
                await asyncio.sleep(0.1)

    async def _keep(self) -> None:
        now = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(0.1)
            for name, process in list(self.processes.items()):
                if process.running.poll() is None:
                    continue
                if process.ended_at is None:
                    process.ended_at = now()
                elif now() - process.ended_at > _RESTART_SECONDS:
                    self.start(name, *process.command)

    def _end(self) -> None:
        for process in self.processes.values():
            process.running.send_signal(signal.SIGCONT)
            process.running.terminate()
        for process in self.processes.values():
            try:
                process.running.wait(15)
            except subprocess.TimeoutExpired:
                process.running.kill()
                process.running.wait()


def _place_to_work(exits: AsyncExitStack, place: Path) -> Path:
    if what_is_missing() is None:
        return exits.enter_context(CutDisk(place, _WORK_MEGABYTES)).folder
    place.mkdir()
    return place


def _environment(s3: S3Part, urls: Mapping[str, str], database_url: str) -> dict[str, str]:
    """Return the settings of the service, whose stores are at these addresses."""
    secret, link_secret = secrets.token_hex(32), secrets.token_hex(32)
    remember(secret, link_secret)
    return {
        "FIAPX_DATABASE_URL": database_url,
        "FIAPX_REDIS_URL": urls["redis"],
        "FIAPX_S3_URL": urls["s3"],
        "FIAPX_S3_BUCKET": BUCKET,
        "FIAPX_S3_ACCESS_KEY": s3.access_key,
        "FIAPX_S3_SECRET_KEY": s3.secret_key,
        "FIAPX_SMTP_URL": urls["smtp"],
        "FIAPX_VERIFY_EMAIL": "false",
        "FIAPX_JWT_SECRET": secret,
        "FIAPX_LINK_SECRET": link_secret,
        "FIAPX_LEASE_SECONDS": str(LEASE_SECONDS),
        "FIAPX_HEARTBEAT_SECONDS": "1",
        "FIAPX_FFMPEG_THREADS": "1",
        "FIAPX_HOST": "127.0.0.1",
        "FIAPX_PORT": str(free_pair()),
        # All who register here have one address, and what is told must all be told at once.
        "FIAPX_REGISTER_RATE_PER_ADDRESS": "10000/hour",
        "FIAPX_LOGIN_RATE_PER_ADDRESS": "10000/hour",
        "FIAPX_MAIL_RATE_PER_RECIPIENT": "10000/hour",
        "FIAPX_DELIVERY_RATE_PER_ACCOUNT": "10000/hour",
    }


def descendants(of: set[int]) -> Iterator[int]:
    """Yield the processes that descend from these, the nearest first."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    found = of
    while found := {child for child, parent in parents.items() if parent in found}:
        yield from found


def _command_of(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
    return ""


def _make_bucket(s3: S3Part) -> None:
    boto3.client(
        "s3",
        endpoint_url=s3.url,
        region_name="us-east-1",
        aws_access_key_id=s3.access_key,
        aws_secret_access_key=s3.secret_key,
        config=Config(proxies={}, s3={"addressing_style": "path"}),
    ).create_bucket(Bucket=BUCKET)
