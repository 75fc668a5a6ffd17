"""Private directories for sources while they are worked on."""

import asyncio
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from errno import ENOSPC
from pathlib import Path
from typing import Final, final

_PREFIX: Final = "attempt-"


@final
class Workspace:
    """Directories that are ours alone (mode 0700) below ``root``, or below the machine's temporary folder.

    Below the temporary folder anybody may have made ours before us, to read what is put into it: one that is another's,
    or a link to elsewhere, is refused.

    Each holds a lock for as long as its process lives. Whoever makes a new one first removes those without: a worker
    that was killed could not clean up after itself, and its sources would fill the disk.
    """

    def __init__(self, root: Path | None) -> None:
        self._root = root or Path(tempfile.gettempdir()) / f"fiapx-{os.getuid()}"
        self._chosen = root is not None

    @asynccontextmanager
    async def directory(self, coming_bytes: int = 0) -> AsyncIterator[Path]:
        """Return a new empty directory; it goes with all that is in it.

        Where the disk has no room for what is coming this says so at once. To be told by the disk would be to take all
        that it has, and with ``fiapx up`` the database and the storage live there too.

        :raises OSError: where there can be none, or (ENOSPC) no room
        """
        directory, lock = await asyncio.to_thread(self._make, coming_bytes)
        try:
            yield directory
        finally:
            await asyncio.shield(asyncio.to_thread(_remove, directory, lock))

    def _make(self, coming_bytes: int) -> tuple[Path, int]:
        self.prepare()
        with _locked(self._root):  # Nobody takes a directory for abandoned before it has its lock.
            self._remove_abandoned()
            if shutil.disk_usage(self._root).free < coming_bytes:
                raise OSError(ENOSPC, os.strerror(ENOSPC), str(self._root))
            directory = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self._root))
            lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            return directory, lock

    def prepare(self) -> Path:
        """Make the root where it is missing, and give it; raises ``OSError`` where it is not ours to use."""
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._chosen:
            found = self._root.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
                raise PermissionError(
                    f"{self._root} is another user's: have it removed, or set FIAPX_WORK_DIR to a folder of your own."
                )
            self._root.chmod(0o700)  # It may have been made open to all.
        return self._root

    def _remove_abandoned(self) -> None:
        for directory in self._root.glob(f"{_PREFIX}*"):
            with suppress(OSError), _locked(directory, fcntl.LOCK_NB):
                shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _locked(directory: Path, how: int = 0) -> Iterator[None]:
    lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | how)
        yield
    finally:
        os.close(lock)


def _remove(directory: Path, lock: int) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    os.close(lock)
