"""The two scripts in the images: the command, and what HEALTHCHECK asks."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from asyncio.subprocess import create_subprocess_exec
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from app.infra.worker_metrics import WorkerMetrics
from app.server.own_port import about_worker, answering
from app.settings import DatabaseSettings, LogSettings, Settings, UpSettings
from app.usecases.worker_health import WorkerHealth
from devserver.ports import free_pair
from tests.images.dockerfile import ROOT
from tests.parts.waiting import until


def fiapx(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **settings}
    command = [sys.executable, str(ROOT / "docker/fiapx"), *arguments]
    return subprocess.run(command, check=False, env=environment, capture_output=True, text=True)


@pytest.mark.slow
def test_a_setting_may_be_in_a_file(tmp_path: Path):
    (tmp_path / "url").write_text(f"sqlite+aiosqlite:///{tmp_path / 'made.db'}\n")
    done = fiapx("migrate", FIAPX_DATABASE_URL_FILE=str(tmp_path / "url"))
    assert done.returncode == 0, done.stderr
    with sqlite3.connect(tmp_path / "made.db") as made:
        assert made.execute("SELECT count(*) FROM users").fetchone() == (0,)
    made.close()


def test_a_file_that_is_missing_stops_the_start(tmp_path: Path):
    missing = str(tmp_path / "none")
    done = fiapx("migrate", FIAPX_DATABASE_URL_FILE=missing)
    assert done.returncode != 0
    assert missing in done.stderr


def test_no_setting_of_its_own_ends_like_one_in_a_file():
    for settings in (Settings, UpSettings, LogSettings, DatabaseSettings):
        assert not [name for name in settings.model_fields if name.endswith("_file")]


async def livez(port: int) -> int:
    """Ask as the images do."""
    environment = {"FIAPX_WORKER_PORT": str(port), "http_proxy": "http://127.0.0.1:9"}
    command = (sys.executable, str(ROOT / "docker/livez.py"), "FIAPX_WORKER_PORT")
    asking = await create_subprocess_exec(*command, env=environment, stderr=subprocess.DEVNULL)
    return await asyncio.wait_for(asking.wait(), 20)


async def healthy(port: int) -> bool:
    return await livez(port) == 0


async def test_a_worker_that_answers_is_healthy_and_one_that_is_gone_is_not():
    port = free_pair()
    async with answering(about_worker(WorkerMetrics().text, WorkerHealth("this one")), "127.0.0.1", port):
        await until(lambda: healthy(port))
    assert not await healthy(port)


class _Unwell(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(503)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


async def test_one_that_answers_with_an_error_is_not_healthy():
    with HTTPServer(("127.0.0.1", 0), _Unwell) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            assert not await healthy(server.server_port)
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("name", ["fiapx", "rehearsal/rehearse.py", "pin_images.py"])
def test_it_is_no_package_that_would_stand_before_the_one_of_that_name(name):
    assert (ROOT / "docker" / name).exists()
    assert not (ROOT / "docker/__init__.py").exists()


def test_the_command_can_be_run():
    assert os.access(ROOT / "docker/fiapx", os.X_OK)
