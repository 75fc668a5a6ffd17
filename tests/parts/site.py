"""The edges as clients meet them: the real application on a real socket, on a real database, with twins further in."""

import asyncio
import hashlib
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from app.domain.failure import Failure, FailureCode
from app.domain.retention import Retention
from app.domain.session import SessionId
from app.domain.user import Locale, User, UserId
from app.domain.video import FramesArchive, Progress, VideoId, VideoProcessing, archive_key, contact_sheet_key
from app.graphql.view import GraphQLView
from app.infra.frame_indexes import StoredFrameIndexes
from app.infra.frame_links import HmacFrameLinks
from app.infra.import_reports import LoggedImports
from app.infra.links import TicketLinks, content_disposition
from app.infra.passwords import Argon2PasswordHasher
from app.infra.sql.engine import close_engine, engine_for
from app.infra.sql.transactions import SqlTransactions
from app.infra.storyboard_links import HmacStoryboardLinks
from app.infra.zip_of_folders import StoredZips
from app.infra.zip_of_selection import SelectedZips
from app.main import application
from app.server.draining_server import drop_stalled_clients, uvicorn_options
from app.server.own_port import about, answering
from app.server.services import Services
from app.server.serving import Serving
from app.server.uploads import Uploads
from app.settings import Settings
from app.usecases.attempt_video import AttemptVideo
from app.usecases.fetch_import import FetchImport
from app.usecases.measure_backlog import MeasureBacklog
from app.usecases.ports.import_sources import ImportSources
from app.usecases.ports.storage import DownloadLinks, ObjectStorage, ObjectWriter, PartLinks
from app.usecases.ports.transactions import Transactions
from app.usecases.start_video_processing_job import Claimed
from app.wiring import Parts, attempt_video, fetch_import, user_use_cases
from devserver.ports import free_pair
from tests.fakes.clock import SettableClock
from tests.fakes.ended_sessions import EndedHere
from tests.fakes.live_status import InMemoryLiveImports, InMemoryLiveStatus
from tests.fakes.part_links import MemoryPartLinks
from tests.fakes.queue import RememberingQueue
from tests.fakes.rate_limits import CountingLimits
from tests.fakes.storage import MemoryObject, MemoryStorage
from tests.fakes.transactions import LostAnswers
from tests.parts.in_memory import folder_in_memory
from tests.parts.loopback import CERTIFICATES
from tests.parts.prompt_server import PromptServer
from tests.parts.wired import SECRET, decoding_parts, identity_parts, shipped

PASSWORD = "correct horse battery"
MP4 = b"\x00\x00\x00\x20ftypisom" + bytes(range(256)) * 8
MAX_BYTES = 8 * 1024**2
ZIP = b"PK\x03\x04" + bytes(range(256)) * 40
FILES = 1024
"""How many a site may have open, whatever the machine allows."""


def problem(answer: httpx.Response) -> dict[str, object]:
    """Give what tells one problem from another, of an answer that must be one."""
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= set(body)
    assert body["status"] == answer.status_code
    return {"status": body["status"], "code": body["code"], **({"field": body["field"]} if "field" in body else {})}


class Storage(MemoryStorage):
    """The bucket's twin, which can also be slow, until ``flows`` is set, and broken in a way that nobody expects."""

    def __init__(self, clock: SettableClock) -> None:
        super().__init__(clock)
        self.broken: Exception | None = None
        self.flows = asyncio.Event()
        self.flows.set()
        self._waiting = 0

    def answer(self) -> None:
        if self.broken is not None:
            raise self.broken
        super().answer()

    @asynccontextmanager
    async def writer(self, key: str, content_type: str) -> AsyncIterator[ObjectWriter]:
        async with super().writer(key, content_type) as writer:
            self._waiting += 1
            try:
                await self.flows.wait()
            finally:
                self._waiting -= 1
            yield writer

    async def held_back(self, count: int) -> None:
        """Return once exactly so many wait to write."""
        while self._waiting != count:
            await asyncio.sleep(0.01)


@dataclass
class Site:
    """A running service and what lies behind it."""

    transactions: LostAnswers
    clock: SettableClock = field(default_factory=SettableClock)
    queue: RememberingQueue = field(default_factory=RememberingQueue)
    live: InMemoryLiveStatus = field(default_factory=InMemoryLiveStatus)
    live_imports: InMemoryLiveImports = field(default_factory=InMemoryLiveImports)
    ended_sessions: EndedHere = field(default_factory=EndedHere)
    limits: CountingLimits = field(default_factory=CountingLimits)
    settings: Settings = field(
        default_factory=lambda: shipped(requests_per_minute=10**9, max_cpu_seconds_per_minute=10**9)
    )
    parts: dict[str, bool] = field(default_factory=lambda: {"database": True})
    url: str = ""
    application: Starlette = field(init=False)
    view: GraphQLView = field(init=False)
    uploads: Uploads = field(init=False)
    cut_connections: Callable[[], None] = field(default=lambda: None)
    max_active: int = 20
    max_stored: int | None = None
    retention: Retention = field(default_factory=Retention)
    session_seconds: int = 3600
    storage_links: DownloadLinks | None = None
    """Links of a storage that clients reach; where there are none, objects go through the service."""
    part_links: PartLinks | None = field(default_factory=MemoryPartLinks)
    """The same for parts of uploads."""
    verify_email: bool = False
    bucket: ObjectStorage | None = None
    """A real one, in place of its twin."""

    def __post_init__(self) -> None:
        own = {
            "max_active_videos_per_user": self.max_active,
            "max_stored_bytes_per_user": self.max_stored,
            "max_inline_upload_bytes": MAX_BYTES,
            "retention_days": self.retention.days,
            "verify_email": self.verify_email,
        }
        self.settings = self.settings.model_copy(update=own)
        self.storage = Storage(self.clock)
        self.passwords = Argon2PasswordHasher(threads=1)
        self.identity = identity_parts(
            self.clock, self.passwords, self.ended_sessions, self.limits, session_seconds=self.session_seconds
        )
        self.tokens, self.verification_tokens = self.identity.tokens, self.identity.verification_tokens

    @property
    def opened(self) -> Parts:
        return Parts(
            transactions=self.transactions,
            storage=self.bucket or self.storage,
            queue=self.queue,
            live=self.live,
            live_imports=self.live_imports,
            clock=self.clock,
        )

    @property
    def worker(self) -> AttemptVideo:
        """The steps of a worker, which has no film of its own."""
        return attempt_video(self.settings, self.opened, decoding_parts())

    def fetch_import(self, sources: ImportSources) -> FetchImport:
        """What a worker does with imports."""
        return fetch_import(self.settings, self.opened, sources, LoggedImports())

    @property
    def websocket_url(self) -> str:
        return self.url.replace("http", "ws", 1) + "/graphql"

    def services(self) -> Services:
        opened, public = self.opened, self.settings.public_url
        tickets = TicketLinks(SECRET, lifetime_seconds=300, public_url=public)
        indexes = StoredFrameIndexes(opened.storage)
        return Services(
            do=user_use_cases(self.settings, opened, self.identity, indexes, self.part_links),
            tokens=self.tokens,
            ended_sessions=self.ended_sessions,
            links=self.storage_links or tickets,
            tickets=None if self.storage_links else tickets,
            frame_links=HmacFrameLinks(SECRET, lifetime_seconds=300, public_url=public),
            storyboard_links=HmacStoryboardLinks(SECRET, lifetime_seconds=300, public_url=public),
            own_links=tickets,
            own_tickets=tickets,
            storage=self.bucket or self.storage,
            archives=StoredZips(self.bucket or self.storage),
            selections=SelectedZips(opened.storage, indexes),
            clock=self.clock,
            retention=self.retention,
            content_disposition=content_disposition,
            ready=self._ready,
            backlog=MeasureBacklog(self.transactions, self.clock),
        )

    @asynccontextmanager
    async def inside(self) -> AsyncIterator[httpx.AsyncClient]:
        """Serve health and metrics on a port of their own, as few stories want it; give a client of that port."""
        port = free_pair()
        async with (
            answering(about(self.application), "127.0.0.1", port),
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, verify=CERTIFICATES) as client,
        ):
            yield client

    async def _ready(self) -> Mapping[str, bool]:
        return self.parts

    async def claimed(self, video: str) -> VideoProcessing:
        """A worker takes the video."""
        started = await self.worker.start_video_processing_job(VideoId(video))
        assert isinstance(started, Claimed)
        return started.video

    async def completed(self, video: str, content: bytes = ZIP) -> None:
        """A worker takes the video and turns it into this ZIP."""
        await self.finished(await self.claimed(video), content)

    async def finished(self, held: VideoProcessing, content: bytes = ZIP) -> None:
        """A worker that holds the video turns it into this ZIP."""
        key, sheet = archive_key(held.id, held.attempt), contact_sheet_key(held.id, held.attempt)
        self.storage.objects[key] = MemoryObject(content, "application/zip", self.clock.now())
        self.storage.objects[sheet] = MemoryObject(b"\xff\xd8 a picture", "image/jpeg", self.clock.now())
        archive = FramesArchive(key, len(content), hashlib.sha256(content).hexdigest(), 3, sheet)
        assert await self.worker.mark_processing_completed(held, archive)

    async def failed(self, video: str) -> None:
        """A worker finds that the video is damaged."""
        held = await self.claimed(video)
        failure = Failure(FailureCode.CORRUPT_VIDEO, FailureCode.CORRUPT_VIDEO.reason)
        assert await self.worker.mark_processing_failed(held, failure)

    async def progressed(self, held: VideoProcessing, percent: float) -> None:
        """A worker tells how far it is, without storing it."""
        seen = replace(held, version=held.version + 1, progress=Progress(percent, int(percent), 100))
        await self.live.publish(seen)

    def client(self, **options: Any) -> httpx.AsyncClient:
        """Make somebody's HTTP client, without an account."""
        return httpx.AsyncClient(base_url=self.url, trust_env=False, verify=CERTIFICATES, **options)

    @asynccontextmanager
    async def person(self) -> AsyncIterator["Person"]:
        """Somebody with an account and a session."""
        async with self.client(timeout=30) as client:
            now, email = self.clock.now(), f"{uuid4().hex}@example.com"
            user = User(UserId(str(uuid4())), "Ana Souza", email, "no hash", Locale.EN, True, False, now, now)  # noqa: FBT003
            user = replace(user, email_verified_at=now)
            await self.transactions.write(lambda t: t.users.add(user))
            token = self.tokens.issue(user.id, SessionId(str(uuid4()))).text
            client.headers["Authorization"] = f"Bearer {token}"
            yield Person(client, user.id, email, token)


@dataclass
class Person:
    """A user and their client."""

    http: httpx.AsyncClient
    id: UserId
    email: str
    token: str

    async def graphql(self, query: str, **variables: Any) -> Any:
        """Give the whole answer."""
        answer = await self.http.post("/graphql", json={"query": query, "variables": variables})
        assert answer.headers["content-type"].startswith("application/json")
        return answer.json()

    async def ask(self, query: str, **variables: Any) -> Any:
        """Give the data of an answer without errors."""
        answer = await self.graphql(query, **variables)
        assert "errors" not in answer, answer
        return answer["data"]

    async def uploaded(self, content: bytes = MP4, name: str = "a.mp4", key: str | None = None) -> str:
        """Upload by REST; give the new video's id."""
        headers = {} if key is None else {"Idempotency-Key": key}
        answer = await self.http.post("/videos/upload", files={"file": (name, content)}, headers=headers)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])


@asynccontextmanager
async def running_site(migrated: Path, folder: Path, **settings: Any) -> AsyncIterator[Site]:
    """Serve on a free port, on a copy of a migrated database."""
    with folder_in_memory(otherwise=folder) as quick:
        async with _serving(Path(shutil.copy(migrated, quick / "fiapx.db")), **settings) as site:
            yield site


@asynccontextmanager
async def _serving(database: Path, **settings: Any) -> AsyncIterator[Site]:
    engine = engine_for(f"sqlite+aiosqlite:///{database}")
    transactions: Transactions = SqlTransactions(engine)
    site = Site(LostAnswers(transactions), **settings)
    shared = Serving.of(site.settings, files=FILES)
    site.uploads = shared.uploads
    app = site.application = application(site.services(), shared)
    (site.view,) = (
        route.app for route in app.routes if isinstance(route, Route) and isinstance(route.app, GraphQLView)
    )
    config = uvicorn.Config(app, **uvicorn_options(shared))
    server = PromptServer(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        drop_stalled_clients(listener, site.settings.socket_stall_seconds)
        site.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        site.cut_connections = partial(_cut, server)
        serving = asyncio.create_task(server.serve([listener]))
        try:
            async with asyncio.timeout(10):
                while not server.started:
                    await asyncio.sleep(0.01)
            yield site
        finally:
            server.end()
            await serving
            await site.passwords.aclose()
            await close_engine(engine)


def _cut(server: uvicorn.Server) -> None:
    """Reset every connection, as a network does that breaks."""
    for connection in list(server.server_state.connections):
        cast("Any", connection).transport.abort()
