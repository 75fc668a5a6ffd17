"""The embedded stores, started as ``fiapx up`` starts them."""

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import boto3
import pytest
import redis
from botocore.client import Config
from mypy_boto3_s3 import S3Client

from devserver import process_record

START_LIMIT_SECONDS = 60
STOP_LIMIT_SECONDS = 10
OTHERS_ELSEWHERE = {"FIAPX_S3_URL": "http://s3.example", "FIAPX_SMTP_URL": "smtp://mail.example"}
"""For who looks at Redis alone."""


class Up:
    """A supervisor in a process of its own, as at a terminal."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.data = data
        self.settings: Mapping[str, str] = {}
        self.said = ""
        """What it told people, once it has ended."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("FIAPX_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.parts.stores_only", str(data)],
            env=ours | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], START_LIMIT_SECONDS)
        line = self.process.stdout.readline() if readable else ""
        if not line:
            self.process.kill()
            pytest.fail(f"It did not start: {self.process.communicate()[1]}")
        self.settings = json.loads(line)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            _, self.said = self.process.communicate(timeout=STOP_LIMIT_SECONDS * 2)
        finally:
            self.process.kill()

    def pids(self) -> Mapping[str, int]:
        return {name_of(pid): pid for pid in process_record.read(self.data / "children.json")}

    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.settings["FIAPX_REDIS_URL"])

    @contextlib.contextmanager
    def s3(self) -> Iterator[S3Client]:
        client = boto3.client(
            "s3",
            endpoint_url=self.settings["FIAPX_S3_URL"],
            region_name="us-east-1",
            aws_access_key_id=self.settings["FIAPX_S3_ACCESS_KEY"],
            aws_secret_access_key=self.settings["FIAPX_S3_SECRET_KEY"],
            config=Config(proxies={}, s3={"addressing_style": "path"}),
        )
        with contextlib.closing(client):
            yield client


def name_of(pid: int) -> str:
    command = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return next(name for name in ("valkey", "weed", "mail_sink") if name in command)


def failed_start(data: Path) -> str:
    up = Up(data)
    try:
        _, said = up.process.communicate(timeout=START_LIMIT_SECONDS)
    finally:
        up.process.kill()
    assert up.process.returncode == 1
    return said


def wait_until_gone(pids: Mapping[str, int], limit: float) -> None:
    end = time.monotonic() + limit
    while left := {name: pid for name, pid in pids.items() if process_record.started_at(pid) is not None}:
        assert time.monotonic() < end, f"still running: {left}"
        time.sleep(0.05)
