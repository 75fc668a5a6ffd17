"""What live status costs: the memory of an idle subscription, and how soon one event reaches all who watch.

One process serves; as many sockets as are asked for watch the same user through a real Valkey, each with the operation
that our page sends. The client is as small as it can be, since it shares the machine's cores with the server.

Repeat: PYTHONPATH=. python bench/sockets.py [SOCKETS]
"""

import asyncio
import base64
import json
import os
import resource
import secrets
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Final, cast

import uvicorn

from app.domain.options import ExtractionOptions
from app.domain.session import SessionId
from app.domain.user import Locale, User, UserId
from app.domain.video import VERSION_STEP, ProcessingStatus, Progress, VideoProcessing, new_video_id, source_key
from app.infra.redis.live import RedisLiveStatus
from app.infra.redis.stream import connect
from app.infra.redis.subscriber import Subscriber
from app.infra.sql.engine import engine_for
from app.infra.sql.migrate import migrate
from app.infra.sql.transactions import SqlTransactions
from app.main import application
from app.server.connections import raise_file_limit
from app.server.draining_server import collect_less_often, uvicorn_options
from app.server.serving import Serving
from devserver.child import Child
from devserver.ports import free_pair
from devserver.valkey import Valkey
from tests.fakes.live_status import InMemoryLiveStatus
from tests.fakes.transactions import LostAnswers
from tests.parts.site import Site
from tests.parts.wired import shipped

USER: Final = UserId("0d5e9cf8-6a4f-4bb0-bd39-04d27d1f2b1c")
OPERATION: Final = (Path(__file__).parents[1] / "operations" / "video-status.graphql").read_text("utf-8")
ROUNDS: Final = 20
TARGET_KIB, TARGET_MS = 60, 500
_PAGE_KIB: Final = os.sysconf("SC_PAGE_SIZE") // 1024


def site_on(database: Path) -> Site:
    return Site(LostAnswers(SqlTransactions(engine_for(f"sqlite+aiosqlite:///{database}"))))


async def serve(database: Path, redis_url: str) -> None:
    redis = connect(redis_url)
    async with Subscriber(redis.connection_pool) as subscriber:
        live = RedisLiveStatus(redis, subscriber)
        site = replace(site_on(database), live=cast("InMemoryLiveStatus", live))  # Both obey the same port.
        many = 10**9
        settings = shipped(
            requests_per_minute=many,
            max_sockets_per_user=many,
            max_sockets_per_address=many,
            max_connections=many,
            max_connections_per_address=many,
            socket_messages_per_minute=many,
        )
        shared = Serving.of(settings, files=raise_file_limit())
        config = uvicorn.Config(application(site.services(), shared), port=0, **uvicorn_options(shared))
        server = uvicorn.Server(config)
        collect_less_often()
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        print(server.servers[0].sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)
        server.should_exit = True
        await serving
    await redis.aclose()


class Watcher(asyncio.Protocol):
    """Opens a socket, subscribes, and notes when something that holds ``marker`` arrives."""

    marker = b'"status":"PENDING"'

    def __init__(self, token: str) -> None:
        self._token = token
        self._seen, self._open = b"", False
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        transport.write(
            f"GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        self._seen += data
        if not self._open and b"\r\n\r\n" in self._seen:
            self._open, self._seen = True, b""
            self._say({"type": "connection_init", "payload": {"authorization": f"Bearer {self._token}"}})
            self._say({"type": "subscribe", "id": "1", "payload": {"query": OPERATION}})
        if (ping := data.find(b"\x89\x04")) >= 0:  # The server asks whether we are still there.
            self._transport.write(b"\x8a\x84" + bytes(4) + data[ping + 2 : ping + 6])
        if self.marker in self._seen and not self.done.done():
            self.done.set_result(time.perf_counter())
            self._seen = b""

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError(repr(self._seen[-200:])))

    def again(self) -> None:
        self.done = asyncio.get_running_loop().create_future()
        self._seen = b""

    def close(self) -> None:
        self._transport.abort()

    def _say(self, message: object) -> None:
        """Send a text frame, masked with zeros (RFC 6455, section 5.3)."""
        text = json.dumps(message).encode()
        length = struct.pack("!B", 0x80 | len(text)) if len(text) < 126 else struct.pack("!BH", 0x80 | 126, len(text))
        self._transport.write(b"\x81" + length + bytes(4) + text)


async def watched(count: int, port: int, token: str, video: VideoProcessing, url: str, pid: int) -> bool:
    loop, watchers, at_once = asyncio.get_running_loop(), list[Watcher](), 50
    first = await loop.create_connection(lambda: Watcher(token), "127.0.0.1", port)
    await first[1].done
    before = resident_kib(pid)
    for _ in range(0, count, at_once):
        opened = [loop.create_connection(lambda: Watcher(token), "127.0.0.1", port) for _ in range(at_once)]
        some = [watcher for _, watcher in await asyncio.gather(*opened)]
        await asyncio.gather(*(watcher.done for watcher in some))
        watchers += some
    each = (resident_kib(pid) - before) / len(watchers)
    print(f"{len(watchers)} idle subscriptions: {each:.1f} KiB of resident memory each; aim {TARGET_KIB}")
    redis = connect(url)
    live, medians, tails = RedisLiveStatus(redis, Subscriber(redis.connection_pool)), list[float](), list[float]()
    for number in range(ROUNDS):
        for watcher in watchers:
            watcher.again()
            watcher.marker = f'"framesExtracted":{number + 1000}'.encode()
        video = replace(video, version=video.version + 1, progress=Progress(number, number + 1000, 5000))
        begun = time.perf_counter()
        await live.publish(video)
        took = sorted([(await watcher.done - begun) * 1000 for watcher in watchers])
        medians.append(statistics.median(took))
        tails.append(took[int(len(took) * 0.99)])
        await asyncio.sleep(0.3)  # Progress is shown at most four times a second.
    for watcher in (first[1], *watchers):
        watcher.close()
    await redis.aclose()
    p50, p99 = statistics.median(medians), statistics.median(tails)
    print(
        f"one event to all: p50 {p50:.0f} ms, p99 {p99:.0f} ms, medians of {ROUNDS} rounds; aim: p99 under {TARGET_MS}"
    )
    print(f"the worst round's p99: {max(tails):.0f} ms")
    return each <= TARGET_KIB and p99 < TARGET_MS


def resident_kib(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_KIB


async def filled(site: Site) -> tuple[str, VideoProcessing]:
    now = site.clock.now()
    user = User(USER, "Ana", "ana@example.com", "no hash", Locale.EN, True, False, now, now)  # noqa: FBT003
    await site.transactions.write(lambda t: t.users.add(user))
    video = VideoProcessing(
        id=(key := new_video_id()),
        owner=USER,
        original_file_name="holiday.mp4",
        size_bytes=10**8,
        status=ProcessingStatus.PENDING,
        source_key=source_key(key),
        options=ExtractionOptions(),
        attempt=0,
        version=VERSION_STEP,
        created_at=now,
    )
    await site.transactions.write(lambda t: t.videos.add(video, idempotency_key=None, request_digest="", wake_at=now))
    return site.tokens.issue(USER, SessionId("6ec9e1b8-9e0a-4f5f-8f0e-0d4b6f6e7a11")).text, video


def main(count: int) -> int:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 2 * count + 1000)), hard))
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "fiapx.db"
        asyncio.run(migrate(f"sqlite+aiosqlite:///{database}"))
        site = site_on(database)
        token, video = asyncio.run(filled(site))
        valkey = Valkey(Path(folder), free_pair(), secrets.token_hex(16))
        child = Child(valkey.program(), Path(folder) / "valkey.log")
        child.start()
        try:
            child.wait_until_it_serves(30)
            command = [sys.executable, __file__, "serve", str(database), valkey.url]
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
                assert server.stdin
                assert server.stdout
                port = int(server.stdout.readline())
                reached = asyncio.run(watched(count, port, token, video, valkey.url, server.pid))
                server.stdin.close()
        finally:
            child.terminate()
            child.wait_until_it_ends(15)
    print(f"repeat: PYTHONPATH=. python bench/sockets.py {count}")
    return 0 if reached else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        import uvloop

        uvloop.run(serve(Path(sys.argv[2]), sys.argv[3]))
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000))
