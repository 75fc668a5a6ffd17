"""Builds both images with the Dockerfile's own steps and has them process a video: ``make rehearse-images``.

Without Docker and without a registry: buildah runs the steps, on stand-ins for the base images that debootstrap and
this machine's Python and Node.js make. The containers are processes of this machine; the stores are the embedded
ones and a private MariaDB. Needs root on Debian, with buildah, debootstrap and mariadb-server. Leaves nothing behind.
"""

import argparse
import asyncio
import os
import secrets
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx
from bases import base_images, make_bases
from buildah import Buildah
from container import WRITABLE, Container, killed_in_the_end, until
from contents import megabytes, unwanted
from sqlalchemy import text

from app.infra.sql.engine import engine_for
from devserver.ports import free_pair
from tests.parts.mariadb import MariaDbPart
from tests.parts.stores import S3Part, SmtpSinkPart, ValkeyPart

ROOT = Path(__file__).parents[2]
IMAGES = {"webapi": "fiapx-webapi:rehearsal", "worker": "fiapx-processamento:rehearsal"}
# Where buildah remembers, in whatever storage, which registry has which layer.
CACHES = Path("/var/lib/containers/cache")
GRACE_SECONDS = 10
PASSWORD = "correct horse battery"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--python", type=Path, default=Path(sys.base_prefix), help="the prefix of the images' Python")
    parser.add_argument("--debian", type=Path, help="a folder that keeps the bare Debian for the next time")
    parser.add_argument("--logs", type=Path, help="a folder that keeps what was said")
    chosen = parser.parse_args()
    for program in ("buildah", "debootstrap", "unshare", "setpriv"):
        if shutil.which(program) is None or os.geteuid() != 0:
            sys.exit(f"The rehearsal needs root and {program} (Debian: apt install buildah debootstrap).")
    with tempfile.TemporaryDirectory(prefix="fiapx-rehearsal-") as name:
        folder = Path(name)
        logs = chosen.logs or folder / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        buildah, caches = Buildah(folder), not CACHES.exists()
        try:
            bases = base_images(ROOT / "Dockerfile")
            timed("the stand-ins", lambda: make_bases(buildah, bases, folder, chosen.python, chosen.debian))
            for target, image in IMAGES.items():
                step = partial(buildah.build, ROOT, target, image, bases, logs / f"build-{target}.log")
                timed(f"build of {target}", step)
            run_both(buildah, folder, logs)
        finally:
            # Layers over each other are mounts, which a folder cannot be removed under.
            buildah("umount", "--all")
            if caches:
                shutil.rmtree(CACHES, ignore_errors=True)
    assert name not in Path("/proc/mounts").read_text()
    say(f"nothing left behind: {not Path(name).exists()}")


def say(line: str) -> None:
    print(line, flush=True)


def timed(what: str, step: Callable[[], None]) -> None:
    began = time.monotonic()
    step()
    say(f"{what}: {time.monotonic() - began:.0f} s")


def run_both(buildah: Buildah, folder: Path, logs: Path) -> None:
    with ExitStack() as stack:
        database, valkey = MariaDbPart(folder), ValkeyPart(folder)
        storage, mail = S3Part(folder), SmtpSinkPart(folder)
        for part in (database, valkey, storage, mail):
            stack.enter_context(part)
        roots = {target: stack.enter_context(buildah.mounted(image)) for target, image in IMAGES.items()}
        configurations = {target: buildah.configuration(image) for target, image in IMAGES.items()}
        for target, root in roots.items():
            look_into(target, root)
        asyncio.run(make_database(database.url))
        settings = {
            "FIAPX_DATABASE_URL": f"{database.url}/rehearsal",
            "FIAPX_REDIS_URL": valkey.url,
            "FIAPX_S3_URL": storage.url,
            "FIAPX_S3_ACCESS_KEY": storage.access_key,
            "FIAPX_S3_SECRET_KEY": storage.secret_key,
            "FIAPX_SMTP_URL": mail.url,
            "FIAPX_VERIFY_EMAIL": "false",
            "FIAPX_JWT_SECRET": secrets.token_hex(32),
            "FIAPX_LINK_SECRET": secrets.token_hex(32),
            # The network is the machine's own: nobody else should be let in, and the ports may be taken.
            "FIAPX_HOST": "127.0.0.1",
        }

        def container(name: str, target: str, **own: int) -> Container:
            more = {key.upper(): str(port) for key, port in own.items()}
            return Container(roots[target], configurations[target], settings | more, logs / f"{name}.log")

        api = container("api", "webapi", fiapx_port=free_pair())
        videos = container("videos", "worker", fiapx_worker_port=free_pair())
        control = container("control", "worker", fiapx_worker_port=free_pair())
        migration = container("migrate", "webapi")
        with killed_in_the_end(api, videos, control, migration):
            migration.start(["fiapx", "migrate"])
            assert migration.ended(120) == 0, migration.last_words()
            api.start()
            videos.start(["fiapx", "worker", "--only", "videos"])
            control.start(["fiapx", "worker", "--only", "control"])
            running = {"API": api, "video worker": videos, "control worker": control}
            for what, one in running.items():
                say(f"{what}: healthy after {until(one.healthy, 60, one):.1f} s")
                look_at(what, one)
            visit(api, videos, control, mail.folder)
            for what, one in running.items():
                code, seconds = one.stop(GRACE_SECONDS)
                assert code == 0, (what, code, one.last_words())
                assert "Read-only file system" not in one.log.read_text(), one.last_words()
                say(f"{what}: ended with 0, {seconds:.1f} s after SIGTERM")


async def make_database(url: str) -> None:
    engine = engine_for(url)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE DATABASE rehearsal"))
    await engine.dispose()


def look_into(target: str, root: Path) -> None:
    found = unwanted(root, with_ffmpeg=target == "worker")
    assert not found, (target, found)
    ours = {path.name for path in (root / "srv/fiapx").iterdir()}
    assert ours == {"LICENSE", "NOTICE", "fiapx", "livez.py", "app", "jobs", "migrations"}, ours
    parts = {place: megabytes(root / place) for place in ("opt/venv", "srv/fiapx")}
    sizes = ", ".join(f"/{place} {size:.0f} MB" for place, size in parts.items())
    decoder = "ffmpeg" if target == "worker" else "no ffmpeg"
    say(f"{target}: {megabytes(root):.0f} MB ({sizes}), {decoder}, no compiler, no cache of packages")


def look_at(what: str, one: Container) -> None:
    """See that it is nobody, on a root that nobody can write to."""
    assert one.status("Uid").split() == ["10001"] * 4
    assert one.status("Gid").split() == ["10001"] * 4
    assert one.status("NSpid").split()[-1] == "1"
    assert int(one.status("CapEff"), 16) == int(one.status("CapBnd"), 16) == 0
    assert one.status("NoNewPrivs") == "1"
    assert one.run(["touch", "/srv/fiapx/written"]).returncode != 0
    for place in WRITABLE:
        assert one.run(["touch", f"{place}/written"]).returncode == 0
        assert one.run(["rm", f"{place}/written"]).returncode == 0
    say(f"{what}: process 1, uid 10001, no capability, read-only root, {one.status('VmRSS')} of memory")


def visit(api: Container, videos: Container, control: Container, mails: Path) -> None:
    port = next(one for one in reversed(api.environment) if one.startswith("FIAPX_PORT=")).partition("=")[2]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
        for page in ("/", "/graphiql"):
            answer = client.get(page)
            assert answer.status_code == 200, page
            assert "<script" in answer.text, page
        account = {"name": "Ana", "email": "ana@example.com", "password": PASSWORD}
        assert client.post("/auth/register", json=account).status_code == 201
        token = client.post("/auth/login", json=account).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"

        recording = (ROOT / ".samples/bikes.mp4").read_bytes()
        sent = upload(client, recording)
        took = until(lambda: status_of(client, sent) in {"Completed", "Failed"}, 120, videos)
        assert status_of(client, sent) == "Completed", videos.last_words()
        whole = api.log.parent / "frames.zip"
        whole.write_bytes(client.get(f"/videos/{sent}/download").raise_for_status().content)
        with zipfile.ZipFile(whole) as archive:
            assert archive.testzip() is None
            names = archive.namelist()
        assert names[-1] == "manifest.json"
        say(f"bikes.mp4: Completed after {took:.1f} s, a ZIP of {whole.stat().st_size} bytes and {len(names)} entries")

        cut = upload(client, recording[:300_000])
        until(lambda: status_of(client, cut) in {"Completed", "Failed"}, 120, videos)
        assert status_of(client, cut) == "Failed", videos.last_words()
        took = until(lambda: any(mails.glob("*.eml")), 30, control)
        say(f"a file cut short: Failed, and its owner has a mail {took:.1f} s later")
        left = videos.run(["find", *WRITABLE, "-mindepth", "1"]).stdout
        assert not left, left
        say("nothing left in /tmp and /work of the worker")


def upload(client: httpx.Client, content: bytes) -> str:
    answer = client.post("/videos/upload", files={"file": ("bikes.mp4", content)})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def status_of(client: httpx.Client, video: str) -> str:
    items = client.get("/videos").raise_for_status().json()["items"]
    return next(str(item["status"]) for item in items if item["id"] == video)


if __name__ == "__main__":
    main()
