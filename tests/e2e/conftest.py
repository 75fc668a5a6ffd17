"""``fiapx up`` as a process of its own, as a user starts it."""

import asyncio
import email
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from devserver.ports import free_pair
from tests.parts.browser import one_browser
from tests.parts.loopback import answers

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Up:
    """A running service."""

    url: str
    data: Path
    process: subprocess.Popen[bytes]

    def mails_to(self, address: str) -> list[Path]:
        """All mails in the sink for one address."""
        return [mail for mail in sorted(self.data.glob("**/*.eml")) if address.encode() in mail.read_bytes()]

    async def mail_to(self, address: str, words: str = "") -> EmailMessage:
        """Wait for the first mail to an address, or the first with these words in its text."""
        async with asyncio.timeout(30):
            while True:
                for file in self.mails_to(address):
                    mail = email.message_from_bytes(file.read_bytes(), policy=policy.default)
                    text = mail.get_body(("plain",))
                    if text is not None and words in text.get_content():
                        return mail
                await asyncio.sleep(0.1)


def start(data: Path, port: int, **settings: str) -> Up:
    """Start ``fiapx up`` and wait until it is ready."""
    log_path = data.parent / f"{data.name}.log"
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "up"],
            cwd=ROOT,
            env=os.environ | {"FIAPX_PORT": str(port), "FIAPX_DATA_DIR": str(data), "FIAPX_WORKERS": "1"} | settings,
            stdout=log,
            stderr=log,
        )
    up = Up(f"http://127.0.0.1:{port}", data, process)
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None, log_path.read_text()
        assert time.monotonic() < deadline, log_path.read_text()
        if answers(f"{up.url}/readyz"):
            return up
        time.sleep(0.05)


def stop(up: Up) -> float:
    """End it as an operator does; give the seconds that it took."""
    began = time.monotonic()
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(20) == 0
    return time.monotonic() - began


@pytest.fixture(scope="package")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    # All who register and sign in here have one address.
    rates = {"FIAPX_REGISTER_RATE_PER_ADDRESS": "10000/hour", "FIAPX_LOGIN_RATE_PER_ADDRESS": "10000/hour"}
    # The receivers of the tests are on this machine too.
    settings = rates | {"FIAPX_WEBHOOK_LOOPBACK": "true"}
    running = start(tmp_path_factory.mktemp("up") / "data", free_pair(), **settings)
    yield running
    assert stop(running) < 10


@pytest.fixture(scope="module", autouse=True)
async def _one_browser_per_file() -> AsyncIterator[None]:
    async with one_browser():
        yield
