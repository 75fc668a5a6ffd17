"""A site for each story, and programs that are clients of it."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.parts.site import PASSWORD, Site
from tests.parts.site_fixtures import ana, empty_database, site

__all__ = ["ana", "empty_database", "site"]

FOLDER = Path(__file__).parent
BIN = Path(sys.executable).parent
"""Where the Makefile puts Node.js where the machine has none."""
PATH = f"{BIN}{os.pathsep}{os.environ['PATH']}"
PYTHON = FOLDER.parents[1] / "clients" / "python"
TYPESCRIPT = FOLDER.parents[1] / "clients" / "typescript"


class Program:
    """A client that runs: each line it writes is a step it has taken."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def step(self, seconds: float = 20) -> dict[str, Any]:
        """Give the next step."""
        assert self._process.stdout is not None
        async with asyncio.timeout(seconds):
            line = await self._process.stdout.readline()
        assert line, f"it ended with {await self._process.wait()}"
        step: dict[str, Any] = json.loads(line)
        return step

    async def end(self) -> int:
        """Wait until it ends by itself."""
        async with asyncio.timeout(20):
            return await self._process.wait()


def node() -> str:
    """Find Node.js: the machine's, or the one from a wheel."""
    found = shutil.which("node", path=PATH)
    assert found, "make test fetches Node.js where there is none; so does make .venv/.node"
    return found


@asynccontextmanager
async def running(*command: str) -> AsyncIterator[Program]:
    """Run a client until it ends or the block does."""
    own = os.environ | {"PYTHONPATH": str(PYTHON / "src"), "NO_PROXY": "127.0.0.1"}
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, cwd=FOLDER, env=own)
    try:
        yield Program(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def registered(site: Site) -> str:
    """Somebody with an account and a password; give their address."""
    account = {"name": "Ana Souza", "email": f"{uuid4().hex}@example.com", "password": PASSWORD}
    async with site.client() as client:
        assert (await client.post("/auth/register", json=account)).status_code == 201
    return account["email"]


async def stored(site: Site, upload: str) -> bytes:
    return b"".join([piece async for piece in site.opened.storage.read(f"sources/{upload}")])


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(tmp_path_factory.mktemp("client"))


def installed(folder: Path) -> Path:
    """Install the TypeScript client into a folder, as ``npm pack`` builds it, with the tests' programs; return it."""
    npm = shutil.which("npm", path=PATH)
    assert npm, "make test fetches Node.js where there is none"
    # A build is made in steps, and other processes of the same tests would pack what one is in the midst of.
    source = folder / "source"
    shutil.copytree(TYPESCRIPT, source, ignore=shutil.ignore_patterns("dist", "node_modules"))
    (source / "node_modules").symlink_to(TYPESCRIPT / "node_modules")
    packing = [npm, "pack", "--silent", "--pack-destination", str(folder)]
    name = subprocess.run(packing, cwd=source, env=os.environ | {"PATH": PATH}, check=True, capture_output=True)
    # Not by tarfile, which wants to be told a filter by Python 3.12 and knows of none before 3.11.4.
    subprocess.run(["tar", "-xzf", folder / name.stdout.decode().split()[-1], "-C", folder], check=True)
    (folder / "node_modules").mkdir()
    (folder / "package").rename(folder / "node_modules" / "fiapx-client")
    for program in ("resuming.mjs", "videos.mjs"):
        shutil.copy(FOLDER / program, folder)
    return folder


@pytest.fixture(params=["apollo.mjs", "urql.mjs", "graphql-ws.mjs", "gql_client.py"])
def client(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The command of each client, without its arguments."""
    name: str = request.param
    return (sys.executable if name.endswith(".py") else node(), name)
