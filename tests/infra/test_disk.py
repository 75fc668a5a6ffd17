"""The disk under a storage of this machine."""

import asyncio
import shutil
import threading
from pathlib import Path

import pytest

from app.domain.errors import StorageError, StorageFull
from app.infra.s3.disk import Disk, FileSystem, Flushed
from tests.parts.cut_disk import CutDisk, insist_on_a_disk
from tests.parts.waiting import until


def test_what_is_coming_has_to_fit_beside_the_reserve(tmp_path: Path):
    disk = Disk(tmp_path, reserve_bytes=shutil.disk_usage(tmp_path).free // 2)
    disk.space(1)
    disk.space(1, disk.reserve_bytes // 2)
    for reserves, coming_bytes in ((1, 2 * disk.reserve_bytes), (3, 0)):
        with pytest.raises(StorageFull):
            disk.space(reserves, coming_bytes)


class Flushes:
    """A disk that flushes when it is let, and counts."""

    def __init__(self) -> None:
        self.begun = 0
        self._let = threading.Semaphore(0)

    def __call__(self) -> None:
        self.begun += 1
        assert self._let.acquire(timeout=10)

    def let_one_end(self) -> None:
        self._let.release()


async def test_one_flush_serves_all_who_asked_before_it_began_and_nobody_who_came_later():
    flush = Flushes()
    flushed = Flushed(flush)
    first = asyncio.create_task(flushed())
    await until(lambda: flush.begun == 1)
    later = [asyncio.create_task(flushed()) for _ in range(20)]
    flush.let_one_end()
    await first
    await until(lambda: flush.begun == 2)
    assert not any(one.done() for one in later), "the first flush had begun before they wrote"
    flush.let_one_end()
    await asyncio.gather(*later)
    assert flush.begun == 2


async def test_a_flush_goes_on_for_the_others_when_one_no_longer_waits():
    flush = Flushes()
    flushed = Flushed(flush)
    gone, waits = asyncio.create_task(flushed()), asyncio.create_task(flushed())
    await until(lambda: flush.begun == 1)
    gone.cancel()
    flush.let_one_end()
    await waits
    assert gone.cancelled()


@pytest.mark.outside
async def test_what_was_flushed_survives_a_cut_and_a_disk_that_is_gone_keeps_no_promise(tmp_path: Path):
    insist_on_a_disk()
    with CutDisk(tmp_path, 64) as disk:
        file_system = FileSystem(disk.folder)
        flushed = Flushed(file_system.flush)
        (disk.folder / "promised").write_text("it")
        await flushed()
        (disk.folder / "not promised").write_text("it")
        disk.cut()
        with pytest.raises(StorageError):
            await flushed()
        file_system.close()
        disk.power_on()
        assert (disk.folder / "promised").read_text() == "it"
        assert "not promised" not in [file.name for file in disk.folder.iterdir()]
