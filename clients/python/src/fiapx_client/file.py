"""The file that is sent: what is told of it before, and its bytes by range."""

import base64
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self, final

from fiapx_client import codes
from fiapx_client.refused import Refused

_HEAD_BYTES: Final = 65_536
"""By so many the service tells what a file is, and holds the whole against them in the end."""


@final
@dataclass(frozen=True, slots=True)
class File:
    """A file as it was when it was chosen."""

    path: Path
    name: str
    size: int
    head: bytes
    modified_ns: int
    inode: int

    @classmethod
    def at(cls, path: Path) -> Self:
        """Look at a file; raises ``Refused`` with ``UNREADABLE``."""
        try:
            # Else whoever names a pipe would wait for somebody to write into it.
            if not stat.S_ISREG(path.stat().st_mode):
                raise Refused(codes.UNREADABLE, f"{path} is not a file.")
            with path.open("rb") as file:
                now = os.fstat(file.fileno())
                head = file.read(_HEAD_BYTES)
        except OSError as error:
            raise _unreadable(path, error) from error
        name = os.fsencode(path.name).decode("utf-8", "replace")
        return cls(path, name, now.st_size, head, now.st_mtime_ns, now.st_ino)

    def shown(self) -> dict[str, Any]:
        """What is told of it before it is sent, in the words of the schema."""
        return {
            "fileName": self.name,
            "sizeBytes": self.size,
            "firstBytes": base64.b64encode(self.head).decode(),
        }

    def fingerprint(self) -> str:
        """Tell this file apart: by its name, size, time of change and beginning (FNV-1a, 32 bits).

        To the letter what the TypeScript client makes of it, so that each goes on with what the other began. Its time
        is in whole milliseconds, as browsers know it, and reckoned as Node.js does: in a double.
        """
        seconds, nanoseconds = divmod(self.modified_ns, 10**9)
        milliseconds = int((seconds * 1000 + nanoseconds / 10**6) // 1)
        mark = 0x811C9DC5
        for byte in self.head:
            mark = (mark ^ byte) * 0x01000193 & 0xFFFFFFFF
        return f"{self.name}:{self.size}:{milliseconds}:{mark:x}"

    def read(self, start: int, size: int) -> bytes:
        """Read a range; raises ``Refused`` with ``UNREADABLE``, also where the file is not what it was."""
        try:
            with self.path.open("rb") as file:
                now = os.fstat(file.fileno())
                file.seek(start)
                data = file.read(size)
        except OSError as error:
            raise _unreadable(self.path, error) from error
        if (now.st_size, now.st_mtime_ns, now.st_ino) != (self.size, self.modified_ns, self.inode) or len(data) != size:
            raise Refused(codes.UNREADABLE, f"{self.path} was changed while it was being sent; send it again.")
        return data


def _unreadable(path: Path, error: OSError) -> Refused:
    return Refused(codes.UNREADABLE, f"{path} cannot be read: {error.strerror or error}.")
