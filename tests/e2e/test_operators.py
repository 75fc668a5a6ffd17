"""An operator at a second terminal, beside a ``fiapx up`` that runs."""

import json
import os
import pwd
import socket
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

from tests.e2e.client import Person
from tests.e2e.conftest import ROOT, Up


def fiapx(data: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command as somebody does who knows no more than where the data is."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("FIAPX_")}
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *words],
        cwd=ROOT,
        env=plain | {"FIAPX_DATA_DIR": str(data)},
        capture_output=True,
        text=True,
        check=False,
    )


async def test_the_commands_find_what_up_runs_by_its_data_directory(up: Up, samples: Path):
    async with Person(up.url, f"{uuid4().hex}@example.com") as ana:
        await ana.register()
        assert fiapx(up.data, "jobs", "pause", "--owner", ana.email, "--reason", "to look at it").returncode == 0
        video = str((await ana.upload(samples / "bikes.mp4"))["id"])
        (listed,) = json.loads(fiapx(up.data, "jobs", "list", "--owner", ana.email, "--json").stdout)
        assert (listed["id"], listed["status"], listed["paused"]) == (video, "Pending", True)
        assert fiapx(up.data, "jobs", "resume", "--owner", ana.email).returncode == 0
        assert (await ana.until_final(video))["status"] == "COMPLETED"
        refused = fiapx(up.data, "jobs", "cancel", video)
        assert (refused.returncode, refused.stderr.count("already finished")) == (1, 1)
        entries = json.loads(fiapx(up.data, "audit", "--about", ana.email, "--json").stdout)
    assert [(entry["deed"], entry["reason"]) for entry in entries] == [("resume", None), ("pause", "to look at it")]
    assert {entry["operator"] for entry in entries} == {f"{pwd.getpwuid(os.getuid()).pw_name}@{socket.gethostname()}"}


def test_where_nothing_was_started_the_missing_setting_is_named(tmp_path: Path):
    ended = fiapx(tmp_path, "jobs", "list")
    assert ended.returncode == 2
    assert "FIAPX_DATABASE_URL is missing" in ended.stderr
