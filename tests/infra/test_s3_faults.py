"""The bucket behind a network that fails and servers that lie."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.domain.errors import StorageError, StorageFull
from app.infra.s3.storage import S3Storage
from app.infra.s3.upload import MIB
from app.usecases.ports.storage import ObjectWriter
from tests.infra.buckets import put, storage_at, write
from tests.parts.stores import S3Part
from tests.parts.waiting import until


class FullServer(BaseHTTPRequestHandler):
    """Answers as MinIO does when its disk is full."""

    def do_PUT(self) -> None:
        body = b"<Error><Code>XMinioStorageFull</Code><Message>No space is left</Message></Error>"
        self.send_response(507)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


async def test_a_server_that_says_that_it_is_full_is_believed(s3: S3Part):
    with ThreadingHTTPServer(("127.0.0.1", 0), FullServer) as server:
        threading.Thread(target=server.serve_forever).start()
        storage = storage_at(f"http://127.0.0.1:{server.server_port}", s3, "any")
        try:
            with pytest.raises(StorageFull):
                await write(storage, b"x")
        finally:
            await storage.aclose()
            server.shutdown()


class Proxy:
    """Stands between us and the storage and breaks what it is told to break."""

    def __init__(self, url: str) -> None:
        self._port = urlsplit(url).port
        self.url = ""
        self.requests: list[bytes] = []
        """The first lines of requests, and of the answers to them behind ``answered``, as they pass."""
        self.sent_bytes = 0
        self.cut_after: int | None = None
        """Cut each connection after so many bytes of answers."""
        self.answer_delay = 0.0
        """Seconds before each 64 KiB of an answer."""
        self.holds_answer_to: Callable[[bytes], bool] = lambda _: False
        """Give the answer to such a request only once ``lets_go`` is set."""
        self.lets_go = asyncio.Event()
        self.loses_answer_to: Callable[[bytes], bool] = lambda _: False
        """Pass such a request on, wait for the answer, and cut the connection instead of giving it."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Proxy"]:
        connections: set[asyncio.Task[None]] = set()
        ended = False

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if ended:  # It was accepted before the end, and is only told of now.
                writer.transport.abort()
            else:
                connections.add(asyncio.create_task(self._serve(reader, writer)))

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            ended = True
            server.close()
            for connection in connections:
                connection.cancel()
            await asyncio.gather(*connections, return_exceptions=True)

    async def _serve(self, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        losing, current = asyncio.Event(), [b""]
        try:
            server_in, server_out = await asyncio.open_connection("127.0.0.1", self._port)
            sending = asyncio.create_task(self._send(client_in, server_out, losing, current))
            try:
                await self._answer(server_in, client_out, losing, current)
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
                server_out.transport.abort()
        finally:
            client_out.transport.abort()

    async def _send(
        self, client: asyncio.StreamReader, server: asyncio.StreamWriter, losing: asyncio.Event, current: list[bytes]
    ) -> None:
        while data := await client.read(65536):
            line = data.partition(b"\r\n")[0]
            if line.endswith(b"HTTP/1.1"):
                self.requests.append(line)
                current[0] = line
                if self.loses_answer_to(line):
                    losing.set()
            server.write(data)
            await server.drain()
            self.sent_bytes += len(data)
        server.write_eof()

    async def _answer(
        self, server: asyncio.StreamReader, client: asyncio.StreamWriter, losing: asyncio.Event, current: list[bytes]
    ) -> None:
        sent = 0
        while data := await server.read(65536):
            if losing.is_set():
                return
            if self.cut_after is not None and sent + len(data) > self.cut_after:
                client.write(data[: self.cut_after - sent])
                await client.drain()
                return
            if not data.startswith(b"HTTP/1.1 100"):
                await asyncio.sleep(self.answer_delay)
                if self.holds_answer_to(current[0]):
                    await self.lets_go.wait()
                self.requests.append(b"answered " + current[0])
            client.write(data)
            await client.drain()
            sent += len(data)


@pytest.fixture
async def proxy(s3: S3Part) -> AsyncIterator[Proxy]:
    async with Proxy(s3.url).running() as proxy:
        yield proxy


async def test_a_download_that_breaks_off_goes_on_where_it_was(
    storage: S3Storage, s3: S3Part, bucket: str, proxy: Proxy, tmp_path: Path
) -> None:
    data = os.urandom(5 * MIB)
    await put(storage, "sources/a", data)
    through = storage_at(proxy.url, s3, bucket)
    proxy.cut_after = 2 * MIB
    await through.download("sources/a", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == data
    assert sum(line.startswith(b"GET") for line in proxy.requests) >= 3
    assert b"".join([piece async for piece in through.read("sources/a", 7, 5 * MIB - 7)]) == data[7:-7]
    await through.aclose()


async def test_a_download_that_never_gets_on_fails_and_leaves_no_file(
    storage: S3Storage, s3: S3Part, bucket: str, proxy: Proxy, tmp_path: Path
) -> None:
    await put(storage, "sources/a", os.urandom(MIB))
    through = storage_at(proxy.url, s3, bucket)
    proxy.cut_after = 1000
    with pytest.raises(StorageError):
        await through.download("sources/a", tmp_path / "a")
    assert list(tmp_path.iterdir()) == []
    await through.aclose()


@pytest.mark.slow
async def test_a_cancelled_download_has_stopped_when_the_cancellation_is_passed_on(
    storage: S3Storage, s3: S3Part, bucket: str, proxy: Proxy, tmp_path: Path
) -> None:
    await put(storage, "sources/a", bytes(20 * MIB))
    through = storage_at(proxy.url, s3, bucket)
    proxy.answer_delay = 0.1
    file = tmp_path / "a"
    download = asyncio.create_task(through.download("sources/a", file))
    async with asyncio.timeout(10):
        while not (file.exists() and file.stat().st_size):
            await asyncio.sleep(0.01)
    download.cancel()
    begun = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await download
    assert time.monotonic() - begun < 10  # The whole would have taken half a minute.
    assert not file.exists()
    await through.aclose()


async def test_a_completion_whose_answer_was_lost_is_a_completion(
    storage: S3Storage, s3: S3Part, bucket: str, proxy: Proxy
) -> None:
    through = storage_at(proxy.url, s3, bucket)
    lost: list[bytes] = []

    def lose_first_completion(request: bytes) -> bool:
        if request.startswith(b"POST") and b"uploadId" in request and not lost:
            lost.append(request)
            return True
        return False

    proxy.loses_answer_to = lose_first_completion
    await put(through, "sources/a", bytes(20 * MIB))
    assert lost
    found = await storage.stat("sources/a")
    assert found is not None
    assert found.size_bytes == 20 * MIB
    await through.aclose()


async def test_parts_that_cannot_be_stored_fail_the_upload_and_leave_nothing(
    storage: S3Storage, s3: S3Part, bucket: str, proxy: Proxy
) -> None:
    through = storage_at(proxy.url, s3, bucket)
    proxy.loses_answer_to = lambda request: b"partNumber=2" in request
    with pytest.raises(StorageError):
        await put(through, "sources/a", bytes(40 * MIB))
    assert await storage.stat("sources/a") is None
    assert await storage.abort_writes("", datetime.now(UTC) + timedelta(hours=1)) == 0
    await through.aclose()


async def test_nothing_follows_a_write_that_failed(s3: S3Part, bucket: str, proxy: Proxy, storage: S3Storage) -> None:
    through = storage_at(proxy.url, s3, bucket)
    proxy.loses_answer_to = lambda request: b"partNumber=1" in request

    async def until_it_fails(writer: ObjectWriter) -> None:
        async with asyncio.timeout(60):
            while True:  # Two parts may be on their way before anybody hears of the first.
                await writer.write(bytes(20 * MIB))

    async def write_on() -> None:
        async with through.writer("sources/a", "video/mp4") as writer:
            with pytest.raises(StorageError):
                await until_it_fails(writer)
            with pytest.raises(StorageError):
                await writer.write(b"more")

    with pytest.raises(StorageError):
        await write_on()
    assert await storage.stat("sources/a") is None
    await through.aclose()


@pytest.mark.parametrize("times", [1, 3])
async def test_an_upload_is_aborted_only_after_its_parts_have_ended(
    storage: S3Storage, s3: S3Part, bucket: str, proxy: Proxy, times: int
) -> None:
    through = storage_at(proxy.url, s3, bucket)
    proxy.holds_answer_to = lambda line: b"partNumber" in line

    async def write() -> None:
        async with through.writer("sources/a", "video/mp4") as writer:
            await writer.write(bytes(60 * MIB))

    task = asyncio.create_task(write())
    await until(lambda: proxy.sent_bytes >= 10 * MIB, 60)
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0.05)  # Time for an abort that does not wait.
    proxy.lets_go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    parts = [line for line in proxy.requests if b"partNumber" in line]
    assert [line.startswith(b"answered") for line in parts] == [False, False, True, True]
    assert proxy.requests.index(parts[-1]) < next(
        place for place, line in enumerate(proxy.requests) if line.startswith(b"DELETE")
    )
    assert await storage.abort_writes("", datetime.now(UTC) + timedelta(hours=1)) == 0
    assert await storage.stat("sources/a") is None
    await through.aclose()


class _Liar(BaseHTTPRequestHandler):
    """A storage that says yes to all but completions, whose uploads it says it never knew, and keeps ``kept`` bytes."""

    protocol_version = "HTTP/1.1"
    kept = 3

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(200)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("?uploads"):
            self._answer(200, b"<R><UploadId>an-upload</UploadId></R>")
        else:
            self._answer(404, b"<Error><Code>NoSuchUpload</Code></Error>")

    def do_HEAD(self) -> None:
        self._answer(200, bytes(self.kept))

    def do_DELETE(self) -> None:
        self._answer(204)

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"x"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def liar(kept: int) -> Iterator[str]:
    handler = type("Handler", (_Liar,), {"kept": kept})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("size", [4, 20 * MIB])
async def test_an_object_that_was_stored_short_is_noticed(s3: S3Part, size: int) -> None:
    with liar(kept=size - 1) as url:
        storage = storage_at(url, s3, "any")
        with pytest.raises(StorageError):
            await put(storage, "sources/a", bytes(size))
        await storage.aclose()


async def test_an_upload_unknown_at_its_end_counts_by_what_was_stored(s3: S3Part) -> None:
    # Amazon answers so to the second try of a completion whose first answer was lost.
    with liar(kept=20 * MIB) as url:
        storage = storage_at(url, s3, "any")
        await put(storage, "sources/a", bytes(20 * MIB))
        await storage.aclose()
