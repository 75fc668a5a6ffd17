"""An API and a worker, each a process of its own, as a Deployment of each would run them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from devserver.ports import free_pair
from tests.parts.loopback import answers
from tests.parts.stores import S3Part, SmtpSinkPart, ValkeyPart

ROOT = Path(__file__).parents[2]


@dataclass
class Deployment:
    """Where its processes answer; the stores are the caller's."""

    environment: Mapping[str, str]
    log: Path
    valkey: ValkeyPart
    api: str = field(init=False)
    inside: str = field(init=False)
    """The API's own port for Prometheus."""
    worker: str = field(init=False)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def targets(self) -> Mapping[str, str]:
        """What Prometheus scrapes, by the names that the rules know."""
        return {"fiapx-webapi": self.inside, "fiapx-worker": self.worker}

    def start(self) -> None:
        self._run_to_its_end("migrate")
        names = ("FIAPX_PORT", "FIAPX_METRICS_PORT", "FIAPX_WORKER_PORT")
        ports = {name: str(free_pair()) for name in names}
        self.api, self.inside, self.worker = (f"http://127.0.0.1:{port}" for port in ports.values())
        for command in ("api", "worker"):
            self.processes.append(self._popen(command, **ports))
        for url in (self.api, self.inside, self.worker):
            self._until_alive(url)

    def stop(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait(20)

    def _popen(self, command: str, **settings: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "app.cli", command],
                cwd=ROOT,
                env=os.environ | self.environment | settings,
                stdout=log,
                stderr=log,
            )

    def _run_to_its_end(self, command: str) -> None:
        assert self._popen(command).wait(60) == 0, self.log.read_text()

    def _until_alive(self, url: str) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if answers(f"{url}/livez"):
                return
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())


@contextmanager
def running_deployment(
    folder: Path, valkey: ValkeyPart, s3: S3Part, bucket: str, smtp_sink: SmtpSinkPart
) -> Iterator[Deployment]:
    deployment = Deployment(
        {
            "FIAPX_DATABASE_URL": f"sqlite+aiosqlite:///{folder}/fiapx.db",
            "FIAPX_REDIS_URL": valkey.url,
            "FIAPX_S3_URL": s3.url,
            "FIAPX_S3_UPLOAD_URL": s3.url,
            "FIAPX_S3_BUCKET": bucket,
            "FIAPX_S3_ACCESS_KEY": s3.access_key,
            "FIAPX_S3_SECRET_KEY": s3.secret_key,
            "FIAPX_SMTP_URL": smtp_sink.url,
            "FIAPX_VERIFY_EMAIL": "false",
            "FIAPX_JWT_SECRET": uuid4().hex * 2,
            "FIAPX_LINK_SECRET": uuid4().hex * 2,
            "FIAPX_WORK_DIR": str(folder),
        },
        folder / "processes.log",
        valkey,
    )
    try:
        deployment.start()
        yield deployment
    finally:
        deployment.stop()
