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

import pytest

from tests.parts.site_fixtures import ana, empty_database, site

__all__ = ["ana", "empty_database", "site"]

FOLDER = Path(__file__).parent
BIN = Path(sys.executable).parent
"""Where the Makefile puts Node.js where the machine has none."""


class Program:
    """A client that runs: each line it writes is a step it has taken."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def step(self) -> dict[str, Any]:
        """Give the next step."""
        assert self._process.stdout is not None
        async with asyncio.timeout(20):
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
    found = shutil.which("node", path=f"{BIN}{os.pathsep}{os.environ['PATH']}")
    assert found, "make test fetches Node.js where there is none; so does make .venv/.node"
    return found


@asynccontextmanager
async def running(*command: str) -> AsyncIterator[Program]:
    """Run a client until it ends or the block does."""
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, cwd=FOLDER)
    try:
        yield Program(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture(params=["apollo.mjs", "urql.mjs", "graphql-ws.mjs", "gql_client.py"])
def client(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The command of each client, without its arguments."""
    name: str = request.param
    return (sys.executable if name.endswith(".py") else node(), name)
