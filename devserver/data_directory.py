"""The folder that holds everything one ``fiapx up`` keeps, and the lock that keeps two from sharing it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import final


class DataDirectoryInUse(Exception):
    """Another ``fiapx up`` runs on the same data directory."""


@final
@dataclass(frozen=True, slots=True)
class DataDirectory:
    """Where each thing lies under ``root``, an absolute path."""

    root: Path

    @property
    def secrets(self) -> Path:
        return self.root / "secrets.json"

    @property
    def ports(self) -> Path:
        return self.root / "ports.json"

    @property
    def settings(self) -> Path:
        return self.root / "settings.json"

    @property
    def children(self) -> Path:
        return self.root / "children.json"

    @property
    def certificate(self) -> Path:
        return self.root / "certificate"

    @property
    def database(self) -> Path:
        return self.root / "fiapx.db"

    @property
    def mail(self) -> Path:
        return self.root / "mail"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def work(self) -> Path:
        return self.root / "work"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"


def sync_folder(folder: Path) -> None:
    """Write to the disk which files a folder has; raises ``OSError``."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(root: Path) -> Iterator[DataDirectory]:
    """Make the folder, for its owner's eyes only, and hold it; raises ``DataDirectoryInUse``.

    The system lets go of the lock when this process ends, however it ends.
    """
    root = root.absolute()
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    root.chmod(0o700)  # It may have been there before, open to all.
    descriptor = os.open(root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode(errors="replace").strip() or "unknown"
            raise DataDirectoryInUse(
                f"The data directory {root} is in use by another fiapx up (process {holder}): "
                "end that one first, or set FIAPX_DATA_DIR (and FIAPX_PORT) to run a second instance."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield DataDirectory(root)
    finally:
        os.close(descriptor)
