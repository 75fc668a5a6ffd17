"""An API that is told to end serves what still comes to it, until who routes requests has noticed."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from app.usecases.ports.transactions import Transaction
from devserver.ports import free_pair
from tests.faults.conftest import ROOT, Stack
from tests.parts.site import MP4, problem
from tests.parts.waiting import until

PATIENCE = 60


@asynccontextmanager
async def running_api(
    stack: Stack, folder: Path, *, exit_code: int = 0, **settings: str
) -> AsyncIterator[tuple[httpx.AsyncClient, int]]:
    """Run ``fiapx api`` as a process of its own; give a client of it, and its process id."""
    port = free_pair()
    log = folder / "api.log"
    with log.open("ab") as lines:
        api = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "api"],
            cwd=ROOT,
            env=os.environ | stack.environment | {"FIAPX_PORT": str(port)} | settings,
            stdout=lines,
            stderr=lines,
        )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=10) as client:

            async def ready() -> bool:
                assert api.poll() is None, log.read_text()
                return await status(client, "/readyz") == 200

            await until(ready, PATIENCE)
            yield client, api.pid
        assert await asyncio.to_thread(api.wait, PATIENCE) == exit_code, log.read_text()
    finally:
        api.kill()
        api.wait()


async def status(client: httpx.AsyncClient, path: str) -> int | None:
    """None where nobody listens any more."""
    try:
        return (await client.get(path)).status_code
    except httpx.TransportError:
        return None


async def test_it_is_not_ready_but_goes_on_serving_and_then_ends(stack: Stack, tmp_path: Path):
    async with running_api(stack, tmp_path, FIAPX_DRAIN_SECONDS="2") as (client, process):
        os.kill(process, signal.SIGTERM)

        async def draining() -> bool:
            return await status(client, "/readyz") == 503

        await until(draining, 2)
        assert (await client.get("/readyz")).json() == {
            "status": "draining",
            "parts": {"database": True, "redis": True},
        }
        assert await status(client, "/livez") == 200
        answer = await client.post(
            "/auth/login", json={"email": "ana@example.com", "password": "correct horse battery"}
        )
        assert answer.status_code == 200

        async def gone() -> bool:
            return await status(client, "/livez") is None

        await until(gone, PATIENCE)


LOGIN = {"email": "ana@example.com", "password": "correct horse battery"}
BODY = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n' + MP4
END = b"\r\n--b--\r\n"


class Upload:
    """One that comes as slowly as a story wants it to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def say(self, data: bytes) -> None:
        self._writer.write(b"%x\r\n%s\r\n" % (len(data), data))

    async def answer(self) -> httpx.Response:
        async with asyncio.timeout(PATIENCE):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
            status, *fields = head.rstrip().split("\r\n")
            headers = dict(field.split(": ", 1) for field in fields)
            body = await self._reader.readexactly(int(headers["content-length"]))
        return httpx.Response(int(status.split()[1]), headers=headers, content=body)


@asynccontextmanager
async def uploading(stack: Stack, client: httpx.AsyncClient) -> AsyncIterator[Upload]:
    """An upload that is under way."""
    token = (await client.post("/auth/login", json=LOGIN)).json()["access_token"]
    reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    writer.write(
        f"POST /videos/upload HTTP/1.1\r\nHost: {client.base_url.host}\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    )
    upload = Upload(reader, writer)
    upload.say(BODY)

    async def under_way() -> int:
        async def step(t: Transaction) -> int:
            return await t.reservations.count(stack.viewer.id, stack.service.services.clock.now())

        return await stack.service.transactions.read(step)

    await until(under_way)
    try:
        yield upload
    finally:
        writer.transport.abort()


async def test_an_upload_goes_on_to_its_end_while_all_that_is_new_is_told_to_come_back(stack: Stack, tmp_path: Path):
    async with (
        running_api(stack, tmp_path, FIAPX_UPLOAD_DRAIN_SECONDS="3600") as (client, process),
        uploading(stack, client) as upload,
    ):
        os.kill(process, signal.SIGTERM)

        async def refusing() -> bool:
            return await status(client, "/videos") == 503

        await until(refusing, 5)
        for path in ("/videos", "/graphql?query={__typename}"):
            refused = await client.get(path)
            assert (refused.status_code, refused.headers["connection"]) == (503, "close")
            assert int(refused.headers["retry-after"]) > 0
        assert (await client.get("/videos")).json()["code"] == "SERVICE_UNAVAILABLE"
        assert (await client.get("/readyz")).json()["status"] == "draining"
        upload.say(MP4)
        upload.say(END)
        upload.say(b"")
        assert (await upload.answer()).status_code == 202


# Without a drain it is the signal itself that ends the process, in the end.
@pytest.mark.parametrize(("seconds", "exit_code"), [("0", -signal.SIGTERM), ("1", 0)])
async def test_an_upload_that_outlasts_the_drain_is_told_why_and_when_to_come_back(
    stack: Stack, tmp_path: Path, seconds: str, exit_code: int
):
    async with (
        running_api(stack, tmp_path, exit_code=exit_code, FIAPX_UPLOAD_DRAIN_SECONDS=seconds) as (client, process),
        uploading(stack, client) as upload,
    ):
        os.kill(process, signal.SIGTERM)
        answer = await upload.answer()
        assert problem(answer) == {"status": 503, "code": "UPLOAD_INCOMPLETE"}
        assert "restarted" in answer.json()["detail"]
        assert int(answer.headers["retry-after"]) > 0


async def test_a_second_signal_ends_it_at_once(stack: Stack, tmp_path: Path):
    async with running_api(stack, tmp_path, FIAPX_DRAIN_SECONDS="3600") as (client, process):
        os.kill(process, signal.SIGTERM)

        async def draining() -> bool:
            return await status(client, "/readyz") == 503

        await until(draining, 2)
        os.kill(process, signal.SIGINT)
