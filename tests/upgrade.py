"""``make rehearse-upgrade FROM=commit``: a former version works, its database is migrated, and this version takes over.

The former version's API and worker run, and a film is in the worker's hands, when this version migrates the database.
The old worker must end that film and one that is sent after the migration; then this version takes over, must end what
waits, and must show all of it. On SQLite, or on MariaDB with DATABASE=mariadb.
"""

import asyncio
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from devserver.certificate import Certificate
from devserver.child import Child
from devserver.ports import free_pair
from devserver.seaweed import Seaweed, SeaweedPorts
from devserver.valkey import Valkey
from tests.parts.mariadb import MariaDbPart

ROOT: Final = Path(__file__).parents[1]
FILM: Final = ROOT / ".samples" / "bigbuckbunny.mp4"
UPLOAD: Final = """mutation($file: Upload!) {
  uploadVideo(file: $file, options: {select: {framesPerSecond: 20}, format: PNG}) {
    ... on VideoProcessing { id } ... on Problem { message }
  }
}"""
"""Some seconds of work."""
SECONDS: Final = 120.0


class Broken(AssertionError):
    """The upgrade did not go as it should."""


class Upgrade:
    """Stores, and processes of two versions on them."""

    def __init__(self, folder: Path, former: Path, database: str, exits: ExitStack) -> None:
        self._folder, self._exits = folder, exits
        self._trees = {"former": former, "this": ROOT}
        ports: list[int] = []
        for _ in range(8):
            ports.append(free_pair(ports))
        self._port, inside = ports.pop(), ports.pop()
        redis = Valkey(folder / "valkey", ports.pop(), secrets.token_hex(16))
        certificate = Certificate.made_in(folder / "certificate")
        s3 = Seaweed(folder / "s3", SeaweedPorts(*ports), "upgrade", secrets.token_hex(20), "readiness", certificate)
        for program in (redis.program(), s3.program()):
            child = Child(program, folder / f"{program.name}.log")
            child.start()
            exits.callback(_end_store, child)
            child.wait_until_it_serves(60)
        self._environment = {
            "FIAPX_DATABASE_URL": database,
            "FIAPX_REDIS_URL": redis.url,
            "FIAPX_S3_URL": s3.url,
            "FIAPX_S3_BUCKET": "upgrade",
            "FIAPX_S3_ACCESS_KEY": s3.access_key,
            "FIAPX_S3_SECRET_KEY": s3.secret_key,
            "FIAPX_SMTP_URL": "smtp://127.0.0.1:25",
            "FIAPX_VERIFY_EMAIL": "false",
            "FIAPX_JWT_SECRET": secrets.token_hex(32),
            "FIAPX_LINK_SECRET": secrets.token_hex(32),
            "FIAPX_WORK_DIR": str(folder),
            "FIAPX_PORT": str(self._port),
            "FIAPX_METRICS_PORT": str(inside),
            "FIAPX_FFMPEG_THREADS": "1",
        }
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self._port}", timeout=30, trust_env=False)
        exits.callback(self.http.close)

    def start(self, version: str, *command: str) -> "subprocess.Popen[bytes]":
        """Start a process of one of the versions; it is ended at the latest with all of this."""
        tree = self._trees[version]
        with (self._folder / f"{version}-{command[0]}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", *command],
                cwd=tree,
                env=os.environ | self._environment | {"PYTHONPATH": str(tree)},
                stdout=log,
                stderr=log,
            )
        self._exits.callback(end, process)
        return process

    def migrate(self, version: str) -> None:
        """Migrate the database by one of the versions."""
        if self.start(version, "migrate").wait(SECONDS):
            raise Broken((self._folder / f"{version}-migrate.log").read_text())

    def sign_in(self) -> None:
        """Wait until somebody serves, and log in there, with an account that is made if it is not there."""
        self.until("somebody serves", self._serves)
        account = {"name": "Ana", "email": "ana@example.com", "password": "correct horse battery"}
        self.http.post("/auth/register", json=account)
        token = self.http.post("/auth/login", json=account).raise_for_status().json()["access_token"]
        self.http.headers["Authorization"] = f"Bearer {token}"

    def _serves(self) -> bool:
        try:
            return self.http.get("/readyz").is_success
        except httpx.TransportError:
            return False

    def upload(self) -> str:
        """Send the film; return its video's id."""
        said = {
            "operations": json.dumps({"query": UPLOAD, "variables": {"file": None}}),
            "map": '{"0": ["variables.file"]}',
        }
        with FILM.open("rb") as film:
            answer = self.http.post("/graphql", data=said, files={"0": film}).raise_for_status().json()
        return str(answer["data"]["uploadVideo"]["id"])

    def status(self, video: str) -> Any:
        listed = self.http.get("/videos").raise_for_status().json()["items"]
        return next(one["status"] for one in listed if one["id"] == video)

    def until_completed(self, video: str) -> None:
        self.until(f"{video} is Completed", lambda: self.status(video) == "Completed")

    def until(self, what: str, condition: Callable[[], bool]) -> None:
        """Wait for it, and say when it has come."""
        end = time.monotonic() + SECONDS
        while not condition():
            if time.monotonic() > end:
                raise Broken(f"not within {SECONDS:.0f} s: {what}")
            time.sleep(0.1)
        print(f"  {what}")


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a process as an orchestrator does."""
    process.terminate()
    process.wait(60)


def _end_store(child: Child) -> None:
    child.terminate()
    child.wait_until_it_ends(15)


@contextmanager
def former_tree(commit: str, folder: Path) -> Iterator[Path]:
    """Check out another version beside this one."""
    git = ["git", "-C", str(ROOT), "worktree"]
    subprocess.run([*git, "add", "--quiet", "--detach", folder, commit], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*git, "remove", "--force", folder], check=True)


def rehearse(upgrade: Upgrade) -> None:
    """Go through it step by step; raises ``Broken``."""
    upgrade.migrate("former")
    old = [upgrade.start("former", "api"), upgrade.start("former", "worker")]
    upgrade.sign_in()
    first = upgrade.upload()
    upgrade.until("the former worker has the first film", lambda: upgrade.status(first) == "Processing")
    upgrade.migrate("this")
    print("  the database is migrated")
    upgrade.until_completed(first)
    second = upgrade.upload()
    upgrade.until_completed(second)
    end(old[1])
    third = upgrade.upload()
    end(old[0])
    upgrade.start("this", "api")
    upgrade.start("this", "worker")
    upgrade.sign_in()
    upgrade.until_completed(third)
    for video in (first, second, third):
        upgrade.http.get(f"/videos/{video}/download", follow_redirects=True).raise_for_status()
    print("  this version has all three and their ZIPs")


def main(commit: str, database: str) -> int:
    with tempfile.TemporaryDirectory(prefix="upgrade-") as name, ExitStack() as exits:
        folder = Path(name)
        url = f"sqlite+aiosqlite:///{folder}/fiapx.db"
        if database == "mariadb":
            server = exits.enter_context(MariaDbPart(folder / "database"))
            asyncio.run(server.make("fiapx"))
            url = server.admin("fiapx")
        print(f"from {commit} on {database}")
        former = exits.enter_context(former_tree(commit, folder / "former"))
        try:
            rehearse(Upgrade(folder, former, url, exits))
        except Broken as broken:
            print(f"the upgrade does not hold: {broken}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
