"""``make power-cut``: the power of the embedded default is cut again and again, one line each.

``fiapx up`` runs on a disk of its own, people upload to it and its workers work, and at a random moment the disk is
shut down without a flush and every process is killed. Then it starts again. In the end everything that was ever
acknowledged must be Completed, with a ZIP that is whole. The moments follow from a seed.
"""

import io
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from devserver.ports import free_pair
from tests.parts.cut_disk import CutDisk, what_is_missing
from tests.parts.loopback import answers

ROOT: Final = Path(__file__).parents[2]
FILM: Final = ROOT / ".samples" / "carphone_pristine.mp4"
DISK_MEGABYTES: Final = 2048
UPLOADERS: Final = 3
LONGEST_SECONDS: Final = 8.0
"""From the first upload to the cut, at most."""
EARLY_SHARE: Final = 0.2
"""So many of the cuts come while the service is still starting."""
START_SECONDS: Final = 90
PATIENCE_SECONDS: Final = 600
_PASSWORD: Final = "correct horse battery"


class Lost(AssertionError):
    """Something that was promised is not so."""


class Powered:
    """``fiapx up`` in a PID namespace of its own, so that all of it can be killed at one blow."""

    def __init__(self, disk: CutDisk, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.log = disk.folder.parent / "up.log"
        given = {"FIAPX_PORT": str(port), "FIAPX_DATA_DIR": str(disk.folder / "data"), "FIAPX_WORKERS": "2"}
        alone = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL"]  # Nothing outlives us either.
        self._said_before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*alone, sys.executable, "-m", "app.cli", "up"],
                cwd=ROOT,
                env=os.environ | given | {"FIAPX_DISK_RESERVE_BYTES": str(64 * 1024**2)},
                stdout=log,
                stderr=log,
            )

    def said(self) -> str:
        """Return what it has written since it was started."""
        with self.log.open("rb") as log:
            log.seek(self._said_before)
            return log.read().decode(errors="replace")

    def wait_until_ready(self, seconds: float = START_SECONDS) -> bool:
        """Return whether it serves by then; raises ``Lost`` where it has ended by itself."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise Lost(f"fiapx up ended by itself:\n{self.said()}")
            if answers(f"{self.url}/readyz"):
                return True
            time.sleep(0.05)
        return False

    def kill(self) -> None:
        """Kill all of its processes; they have ended when this returns."""
        pid = self._process.pid
        if self._process.poll() is None and (first := Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
            os.kill(int(first[0]), signal.SIGKILL)  # The namespace's first process takes all others with it.
        self._process.wait()


@dataclass
class Person:
    """Whoever uploads, and remembers what was acknowledged."""

    acknowledged: list[str] = field(default_factory=list)
    completed: set[str] = field(default_factory=set)
    _headers: Mapping[str, str] = field(default_factory=dict)

    def sign_in(self, url: str) -> None:
        """Register, or log in where the account is there."""
        said = {"email": "ana@example.com", "password": _PASSWORD}
        httpx.post(f"{url}/auth/register", json={"name": "Ana", **said}, timeout=30)
        answer = httpx.post(f"{url}/auth/login", json=said, timeout=30)
        if answer.status_code != httpx.codes.OK:
            raise Lost(f"the account is gone: {answer.text}")
        self._headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def upload_until(self, url: str, stop: threading.Event, pause: float) -> None:
        """Upload one film after the other; what was answered with 202 was acknowledged."""
        while not stop.is_set():
            try:
                with FILM.open("rb") as film:
                    answer = httpx.post(f"{url}/videos/upload", files={"file": film}, headers=self._headers, timeout=30)
            except httpx.TransportError:
                return  # The power is gone.
            if answer.status_code == httpx.codes.ACCEPTED:
                self.acknowledged.append(answer.json()["id"])
            stop.wait(pause)

    def videos(self, url: str) -> dict[str, Any]:
        """Return all that the service lists, by id."""
        found: dict[str, Any] = {}
        after: str | None = None
        while True:
            asked = {"first": "100"} | ({"after": after} if after else {})
            answer = httpx.get(f"{url}/videos", params=asked, headers=self._headers, timeout=30).raise_for_status()
            found |= {one["id"]: one for one in answer.json()["items"]}
            if (after := answer.json()["next"]) is None:
                return found

    def check_so_far(self, url: str) -> None:
        """Raise ``Lost`` where an upload is gone or failed, a Completed went back, or one has no ZIP."""
        videos = self.videos(url)
        if gone := [one for one in self.acknowledged if one not in videos]:
            raise Lost(f"{len(gone)} acknowledged uploads are gone")
        failed = [one for one in videos.values() if one["status"] == "Failed"]
        if failed:
            raise Lost(f"{len(failed)} have failed: {failed[0]['failureReason']}")
        if back := [one for one in self.completed if videos[one]["status"] != "Completed"]:
            raise Lost(f"{len(back)} were Completed and are not any more")
        new = {one for one, video in videos.items() if video["status"] == "Completed"} - self.completed
        for one in new:
            self._check_zip(url, one)
        self.completed |= new

    def wait_until_all_is_done(self, url: str) -> None:
        """Raise ``Lost`` where anything acknowledged does not end right."""
        end = time.monotonic() + PATIENCE_SECONDS
        while any(video["status"] in {"Pending", "Processing"} for video in self.videos(url).values()):
            if time.monotonic() > end:
                raise Lost("some were never finished")
            time.sleep(0.5)
        self.completed.clear()
        self.check_so_far(url)

    def _check_zip(self, url: str, video: str) -> None:
        answer = httpx.get(f"{url}/videos/{video}/download", headers=self._headers, timeout=30)
        if answer.status_code != httpx.codes.OK:
            raise Lost(f"a Completed has no ZIP: {answer.status_code} {answer.text[:200]}")
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            if broken := archive.testzip():
                raise Lost(f"{broken} in the ZIP of a Completed is damaged")


@contextmanager
def uploading(person: Person, url: str, pause: float) -> Iterator[None]:
    """Let several connections upload meanwhile."""
    stop = threading.Event()
    threads = [threading.Thread(target=person.upload_until, args=(url, stop, pause)) for _ in range(UPLOADERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def one_cut(disk: CutDisk, port: int, person: Person, chance: random.Random) -> str:
    """Start, check what was promised before, work, and cut the power; return a line about it."""
    early, moment = chance.random() < EARLY_SHARE, chance.uniform(0, LONGEST_SECONDS)
    pause = chance.uniform(0.1, 1.0)
    before, began = len(person.acknowledged), time.monotonic()
    powered = Powered(disk, port)
    try:
        if powered.wait_until_ready(moment if early and before else START_SECONDS):
            started = f"ready after {time.monotonic() - began:4.1f} s"
            person.sign_in(powered.url)
            person.check_so_far(powered.url)
            with uploading(person, powered.url, pause):
                time.sleep(moment)
                disk.cut()
                powered.kill()
        else:
            started = "was still starting "
            disk.cut()
            powered.kill()
    finally:
        powered.kill()
    disk.power_on()
    aside = [line for line in powered.said().splitlines() if "aside" in line]
    return (
        f"{started}, cut {moment:3.1f} s later: {len(person.acknowledged) - before:3} more acknowledged, "
        f"{len(person.acknowledged)} in all, {len(person.completed)} seen Completed"
        + "".join(f"\n       {line}" for line in aside)
    )


def cut_and_cut(disk: CutDisk, seed: int, cuts: int) -> Iterator[str]:
    """Cut the power so often, then see that everything ends right; yield a line for each. Raises ``Lost``."""
    person, port, chance = Person(), free_pair(), random.Random(seed)
    for number in range(1, cuts + 1):
        yield f"cut {number:2}: {one_cut(disk, port, person, chance)}"
    powered = Powered(disk, port)
    try:
        if not powered.wait_until_ready():
            raise Lost(f"it did not start:\n{powered.said()}")
        person.sign_in(powered.url)
        person.wait_until_all_is_done(powered.url)
    finally:
        powered.kill()
    yield f"all {len(person.acknowledged)} acknowledged uploads are Completed, each with a whole ZIP"


def main(seed: int, cuts: int) -> int:
    """Print a line for each cut; return 1 where something was lost."""
    if sentence := what_is_missing():
        print(sentence)
        return 2
    print(f"{cuts} power cuts, seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="fiapx-power-") as place, CutDisk(Path(place), DISK_MEGABYTES) as disk:
        try:
            for line in cut_and_cut(disk, seed, cuts):
                print(line, flush=True)
        except Lost as lost:
            print(f"LOST: {lost}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
