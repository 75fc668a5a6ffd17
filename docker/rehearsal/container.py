"""Runs an image's command much as an orchestrator does: as process 1 of its own, on a root that cannot be written to.

The network is this machine's. What the image's configuration says (user, environment, command) is what is done.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

WRITABLE = ("/tmp", "/work")
# Mounts of a process are its own and go with it.
ENTER = r"""
root=$1 user=$2 group=$3; shift 3
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t tmpfs -o mode=1777,size=64m,nosuid,nodev,noexec tmpfs "$root/tmp"
mount -t tmpfs -o mode=0700,size=512m,nosuid,nodev,noexec,uid="$user",gid="$group" tmpfs "$root/work"
mount -t tmpfs -o mode=0755,size=1m,nosuid,noexec tmpfs "$root/dev"
for device in null zero random urandom; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mount -o remount,ro "$root/dev"
exec chroot "$root" setpriv --reuid "$user" --regid "$group" --clear-groups --no-new-privs --bounding-set -all "$@"
"""


class Container:
    def __init__(self, root: Path, image: dict[str, Any], settings: Mapping[str, str], log: Path) -> None:
        self._root, self._image, self.log = root, image, log
        self.environment = [*image["Env"], *(f"{name}={value}" for name, value in settings.items())]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, command: Sequence[str] | None = None) -> None:
        user, _, group = self._image["User"].partition(":")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"),
                    *("sh", "-euc", ENTER, "sh", str(self._root), user, group),
                    *self._within(command or self._image["Cmd"]),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _within(self, command: Sequence[str]) -> list[str]:
        return ["env", "--ignore-environment", f"--chdir={self._image['WorkingDir']}", *self.environment, *command]

    @property
    def pid(self) -> int:
        """The number outside of what is process 1 inside."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(children.read_text().split()[0])

    def status(self, field: str) -> str:
        """Give a line of /proc/PID/status."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(line for line in lines if line.startswith(f"{field}:")).partition(":")[2].strip()

    def healthy(self) -> bool:
        """Ask as the image's HEALTHCHECK asks."""
        _, *test = self._image["Healthcheck"]["Test"]
        return self.run(test).returncode == 0

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a second command inside, as its own user."""
        user, _, group = self._image["User"].partition(":")
        enter = ["nsenter", "--target", str(self.pid), "--mount", "--pid", "--root", "--wd"]
        drop = ["setpriv", "--reuid", user, "--regid", group, "--clear-groups", "--no-new-privs"]
        return subprocess.run(
            [*enter, *drop, *self._within(command)], capture_output=True, text=True, check=False, timeout=30
        )

    def ended(self, limit: float) -> int:
        assert self.process is not None
        return self.process.wait(limit)

    def stop(self, limit: float) -> tuple[int, float]:
        """Send SIGTERM to process 1; give what it ended with and after how many seconds."""
        began = time.monotonic()
        os.kill(self.pid, signal.SIGTERM)
        return self.ended(limit), time.monotonic() - began

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            with suppress(ProcessLookupError):
                self.process.kill()
            self.process.wait()

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]


@contextmanager
def killed_in_the_end(*containers: Container) -> Iterator[None]:
    try:
        yield
    finally:
        for container in containers:
            container.kill()


def until(condition: Callable[[], object], seconds: float, container: Container) -> float:
    """Wait for something that a container does; give how long it took."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds or (container.process and container.process.poll() is not None):
            raise SystemExit(f"It did not come to that within {seconds} s:\n{container.last_words()}")
        time.sleep(0.05)
    return time.monotonic() - began
