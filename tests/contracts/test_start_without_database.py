import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import URL, make_url

from devserver.ports import free_pair
from tests.parts.waiting import until

ROOT = Path(__file__).parents[2]


@dataclass
class Proxy:
    """A proxy before a database: without a backend it accepts and closes."""

    backend: URL
    has_backend: bool = False
    most_lines: int = 0
    """How many connections there were at once."""
    _lines: set[asyncio.Task[Any] | None] = field(default_factory=set)
    _open: int = 0

    @asynccontextmanager
    async def url(self) -> AsyncIterator[str]:
        listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with listener:
            port = listener.sockets[0].getsockname()[1]
            yield self.backend.set(port=port).render_as_string(hide_password=False)
            await asyncio.gather(*(line for line in self._lines if line))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lines.add(asyncio.current_task())
        if self.has_backend:
            self._open += 1
            self.most_lines = max(self.most_lines, self._open)
            theirs, ours = await asyncio.open_connection(self.backend.host, self.backend.port)
            await asyncio.gather(_pump(reader, ours), _pump(theirs, writer))
            self._open -= 1
        writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


async def answers(client: httpx.AsyncClient, path: str, status: int) -> bool:
    try:
        return (await client.get(path)).status_code == status
    except httpx.TransportError:
        return False


def settings(database_url: str, redis_url: str, port: int) -> dict[str, str]:
    away = f"127.0.0.1:{free_pair()}"
    return {
        "PATH": os.environ["PATH"],
        "FIAPX_PORT": str(port),
        "FIAPX_DATABASE_URL": database_url,
        "FIAPX_REDIS_URL": redis_url,
        "FIAPX_S3_URL": f"http://{away}",
        "FIAPX_S3_ACCESS_KEY": "fiapx",
        "FIAPX_S3_SECRET_KEY": "secret",
        "FIAPX_SMTP_URL": f"smtp://{away}",
        "FIAPX_JWT_SECRET": "j" * 32,
        "FIAPX_LINK_SECRET": "l" * 32,
    }


@asynccontextmanager
async def running_api(environment: dict[str, str], said: Path) -> AsyncIterator[None]:
    with said.open("wb") as log:
        command = (sys.executable, "-m", "app.cli", "api")
        api = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        yield
    finally:
        api.terminate()
        await asyncio.to_thread(api.wait, 20)


async def test_an_api_starts_before_its_database_and_serves_as_soon_as_that_has_come(
    migrated_server: str, redis_url: str, tmp_path: Path
):
    port, proxy, said = free_pair(), Proxy(make_url(migrated_server)), tmp_path / "api.log"
    address = f"http://127.0.0.1:{port}"
    async with (
        proxy.url() as url,
        httpx.AsyncClient(base_url=address, trust_env=False) as client,
        running_api(settings(url, redis_url, port), said),
    ):
        await until(lambda: answers(client, "/livez", 200), 60)
        assert (await client.get("/readyz")).json()["parts"]["database"] is False
        refusal = await client.post("/auth/login", json={"email": "a@b.example", "password": "correct horse"})
        assert (refusal.status_code, refusal.json()["code"]) == (503, "STORAGE_ERROR")
        assert int(refusal.headers["Retry-After"]) > 0
        proxy.has_backend = True
        await until(lambda: answers(client, "/readyz", 200), 15)
        await until(lambda: "a part has come" in said.read_text(), 15)
    assert "a part is away at the start" in said.read_text()


async def test_an_api_opens_no_more_connections_than_it_was_told(migrated_server: str, redis_url: str, tmp_path: Path):
    """All processes together must stay below what the database has, so each is told its share."""
    port = free_pair()
    proxy = Proxy(make_url(migrated_server), has_backend=True)
    async with (
        proxy.url() as url,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
        running_api(settings(url, redis_url, port) | {"FIAPX_DATABASE_CONNECTIONS": "2"}, tmp_path / "api.log"),
    ):
        await until(lambda: answers(client, "/readyz", 200), 60)
        credentials = {"email": "a@b.example", "password": "correct horse"}
        asked = await asyncio.gather(*(client.post("/auth/login", json=credentials) for _ in range(8)))
        assert {answer.status_code for answer in asked} == {401}
        assert proxy.most_lines <= 2
