"""Objects as files and folders of this machine: each appears when it is whole, or not at all."""

import asyncio
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from io import FileIO
from pathlib import Path
from typing import Final, final

from app.infra.zip import StoredZip
from app.usecases.ports.storage import ObjectWriter

_LAST_ENTRY: Final = "manifest.json"
_PICTURES: Final = "frame_*"


@final
@dataclass(frozen=True, slots=True)
class _FileWriter:
    """An ``ObjectWriter``. What is written is the kernel's at once, so nothing of it is in our memory."""

    file: FileIO
    buffered: int = 0

    async def write(self, data: bytes | memoryview) -> None:
        left = memoryview(data)
        while left:  # A raw file may take less than it is given.
            left = left[self.file.write(left) :]


@final
@dataclass(frozen=True, slots=True)
class _Nowhere:
    """An ``ObjectWriter`` of what nobody wants to keep."""

    buffered: int = 0

    async def write(self, data: bytes | memoryview) -> None:
        """Forget it."""


@final
@dataclass(frozen=True, slots=True)
class Files:
    """``ObjectWriters`` of files: ``path_of`` says where a key's is, None where it is not kept.

    Until a file is whole it has another name beside its own, which ends in ``.part``. It then takes the place of one
    that was there before. An ``OSError`` of the disk passes through.
    """

    path_of: Callable[[str], Path | None]

    @asynccontextmanager
    async def writer(self, key: str, content_type: str) -> AsyncIterator[ObjectWriter]:  # noqa: ARG002 - the port's
        path = self.path_of(key)
        if path is None:
            yield _Nowhere()
            return
        part = _beside(path)
        try:
            with part.open("xb", buffering=0) as file:
                yield _FileWriter(file)
                await asyncio.to_thread(os.fsync, file.fileno())
            part.replace(path)
            await asyncio.to_thread(_flush_folder, path.parent)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


@final
@dataclass(slots=True)
class UnpackedZip:
    """``ObjectWriters`` and ``ZipEncoder`` in one: what would be the ZIP's entries are files of the folder ``path``.

    The ZIP itself is reckoned and not kept, so that the manifest is the same. Nothing but a former result is replaced
    by it, see ``may_be_replaced``. The folder appears as a whole; it is not flushed to the disk, which for each of its
    many files would take longer than to make them.
    """

    path: Path
    size: int = 0
    """Bytes of all its files."""
    _part: Path = field(init=False)
    _zip: StoredZip = field(default_factory=StoredZip, init=False)

    def __post_init__(self) -> None:
        self._part = _beside(self.path)

    @asynccontextmanager
    async def writer(self, key: str, content_type: str) -> AsyncIterator[ObjectWriter]:  # noqa: ARG002 - the port's
        if content_type != "application/zip":
            yield _Nowhere()
            return
        self._part.mkdir()
        try:
            yield _Nowhere()
            if self.path.exists():
                _take_place(self._part, self.path)
            else:
                self._part.rename(self.path)
        except BaseException:
            shutil.rmtree(self._part, ignore_errors=True)
            raise

    @property
    def offset(self) -> int:
        return self._zip.offset

    def entry(self, name: str, data: bytes, modified_at: datetime) -> Iterator[bytes | memoryview]:
        (self._part / name).write_bytes(data)
        self.size += len(data)
        return self._zip.entry(name, data, modified_at)

    def end(self) -> Iterator[bytes]:
        return self._zip.end()


def may_be_replaced(path: Path) -> bool:
    """Return whether it is a file, or a folder that holds what a former run put there and nothing else."""
    if path.is_symlink() or not path.is_dir():
        return path.is_file()
    strangers = (one for one in path.iterdir() if one.name != _LAST_ENTRY and not one.match(_PICTURES))
    return next(strangers, None) is None


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")


def _take_place(new: Path, old: Path) -> None:
    """Let one folder be where another was, which goes: no system call does both."""
    if not may_be_replaced(old):
        raise FileExistsError(f"{old} holds what is none of its frames")
    former = _beside(old)
    old.rename(former)
    try:
        new.rename(old)
    except OSError:
        former.rename(old)
        raise
    if former.is_dir() and not former.is_symlink():
        shutil.rmtree(former)
    else:
        former.unlink()


def _flush_folder(folder: Path) -> None:
    with suppress(OSError):  # Some file systems flush no folders; the file itself is on the disk.
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
