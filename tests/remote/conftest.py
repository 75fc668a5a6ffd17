"""A site for each story, and ``fiapx`` as its users start it: a process with a home of its own."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.clients.conftest import PYTHON, registered
from tests.parts.line_fixtures import line, site
from tests.parts.site import PASSWORD, Person, Site
from tests.parts.site_fixtures import ana, empty_database

__all__ = ["ana", "empty_database", "line", "site"]

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ended:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str


@dataclass
class Terminal:
    """Somebody's machine: a folder with their films, and their settings."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def credentials(self) -> Path:
        return self.folder / "config" / "fiapx" / "credentials.json"

    async def fiapx(self, *words: str, said: str = "", **environment: str) -> Ended:
        """Run a command to its end; ``said`` is its standard input."""
        async with self.begun(*words, environment=environment) as process, asyncio.timeout(40):
            out, err = await process.communicate(said.encode())
        assert process.returncode is not None
        assert b"Traceback" not in err, err.decode()
        return Ended(process.returncode, out.decode(), err.decode())

    @asynccontextmanager
    async def begun(
        self,
        *words: str,
        stdin: int = subprocess.PIPE,
        stderr: int = subprocess.PIPE,
        environment: Mapping[str, str] | None = None,
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """Begin a command; leaving the block ends it by SIGKILL."""
        bare = {name: value for name, value in os.environ.items() if not name.startswith("FIAPX_")}
        own = {
            "PYTHONPATH": f"{ROOT}{os.pathsep}{PYTHON / 'src'}",
            "NO_PROXY": "127.0.0.1",
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_STATE_HOME": str(self.folder / "state"),
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "app.cli", *words),
            cwd=self.folder,
            env={**bare, **own, **self.environment, **(environment or {})},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,  # Else a password would be asked for at the terminal of whoever runs the tests.
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """Nobody is signed in there."""
    folder = tmp_path / "terminal"
    folder.mkdir()
    return Terminal(folder)


@pytest.fixture
async def email(site: Site) -> str:
    return await registered(site)


@pytest.fixture
async def signed_in(site: Site, email: str, terminal: Terminal) -> Terminal:
    """Somebody is."""
    ended = await terminal.fiapx("login", email, "--url", site.url, said=f"{PASSWORD}\n")
    assert (ended.code, ended.err) == (0, f"Signed in at {site.url}.\n")
    return terminal


@pytest.fixture
def of_ana(site: Site, ana: Person, terminal: Terminal) -> Terminal:
    """Commands ask there with Ana's token."""
    terminal.environment |= {"FIAPX_SERVICE_URL": site.url, "FIAPX_API_KEY": ana.token}
    return terminal
