"""One ZIP of several: whole, in parts, beyond what 32 bits can say, and of archives that are damaged."""

import asyncio
import io
import random
import shutil
import struct
import subprocess
import tracemalloc
import zipfile
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.video import FramesArchive
from app.infra.made_zip import DamagedArchive, MadeZip
from app.infra.zip import StoredZip
from app.infra.zip_of_folders import StoredZips
from app.usecases.ports.archives import ArchiveFolder
from app.usecases.ports.storage import ObjectMissing
from tests.fakes.clock import SettableClock
from tests.fakes.storage import MemoryObject, MemoryStorage
from tests.infra.huge_zips import GIB, Huge, HugeBucket, Lazily

NOON = datetime(2026, 11, 23, 12, 34, 56, tzinfo=UTC)
Files = list[tuple[str, bytes]]


def stored(files: Files) -> bytes:
    """Return a ZIP as a worker writes it."""
    encoder = StoredZip()
    pieces = [piece for name, data in files for piece in encoder.entry(name, data, NOON)]
    return b"".join([*pieces, *encoder.end()])


def folder_of(name: str, key: str, size: int) -> ArchiveFolder:
    return ArchiveFolder(name, FramesArchive(key, size, "0" * 64, 0))


class Bucket(MemoryStorage):
    """A bucket in small pieces, so that headers are cut anywhere; it remembers how many bytes were read."""

    def __init__(self, piece_bytes: int = 7) -> None:
        super().__init__(SettableClock())
        self.piece_bytes, self.given = piece_bytes, 0

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        data = memoryview(self._found(key).data)[start:end]
        for at in range(0, len(data), self.piece_bytes):
            piece = bytes(data[at : at + self.piece_bytes])
            self.given += len(piece)
            yield piece

    def keep(self, key: str, data: bytes) -> None:
        self.objects[key] = MemoryObject(data, "application/zip", NOON)

    async def joined(self, folders: Sequence[tuple[str, bytes]]) -> MadeZip:
        for number, (_, data) in enumerate(folders):
            self.keep(f"{number}.zip", data)
        named = [folder_of(name, f"{number}.zip", len(data)) for number, (name, data) in enumerate(folders)]
        return await StoredZips(self).joined(named)


async def whole(made: MadeZip, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([piece async for piece in made.read(start, end)])


FILES = st.lists(
    st.tuples(
        st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\"), min_size=1, max_size=20),
        st.binary(max_size=100),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda pair: pair[0],
)
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\"), min_size=1, max_size=20)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(NAMES, FILES), min_size=1, max_size=5, unique_by=lambda pair: pair[0]), st.integers(1, 50))
def test_every_file_is_read_back_from_its_folder(folders: list[tuple[str, Files]], piece_bytes: int):
    async def make() -> tuple[int, bytes]:
        made = await Bucket(piece_bytes).joined([(name, stored(files)) for name, files in folders])
        return made.size_bytes, await whole(made)

    size, data = asyncio.run(make())
    assert len(data) == size
    with zipfile.ZipFile(io.BytesIO(data)) as read:
        assert read.testzip() is None
        assert [(one.filename, read.read(one)) for one in read.infolist()] == [
            (f"{folder}/{name}", content) for folder, files in folders for name, content in files
        ]
        assert {one.date_time for one in read.infolist()} == {(2026, 11, 23, 12, 34, 56)}
        assert {one.external_attr >> 16 for one in read.infolist()} == {0o100644}


async def test_any_range_is_the_same_part_of_the_whole():
    chance = random.Random(18)
    pictures = [[(f"frame_{n:06}.jpg", chance.randbytes(chance.randrange(200))) for n in range(9)] for _ in range(4)]
    bucket = Bucket()
    made = await bucket.joined([(name, stored(files)) for name, files in zip("aéc🎞", pictures, strict=True)])
    data = await whole(made)
    for start in range(len(data)):
        assert await whole(made, start, start + 1) == data[start : start + 1], start
    for _ in range(500):
        start = chance.randrange(len(data) + 1)
        end = chance.randrange(start, len(data) + 100)
        assert await whole(made, start, end) == data[start:end], (start, end)
    assert await whole(made, len(data) - 1) == data[-1:]
    assert await whole(made, 5, 5) == b""


async def test_for_a_small_range_little_is_read_and_for_the_whole_each_byte_once_but_for_the_directories():
    archives = [stored([(f"{n}.jpg", bytes(1000)) for n in range(1000)]) for _ in range(3)]
    bucket = Bucket(1000)
    made = await bucket.joined([(f"{number}", data) for number, data in enumerate(archives)])
    assert bucket.given <= 3 * 98
    bucket.given = 0
    await whole(made)
    assert bucket.given <= sum(map(len, archives))
    bucket.given = 0
    await whole(made, 1_500_000, 1_500_001)
    assert bucket.given < 200_000


async def test_memory_does_not_depend_on_how_large_the_archives_are():
    archives = [stored([(f"{n:06}.jpg", bytes(2000)) for n in range(5000)]) for _ in range(3)]
    bucket = Bucket(256 * 1024)
    made = await bucket.joined([(f"{number}", data) for number, data in enumerate(archives)])
    tracemalloc.start()
    size = 0
    async for piece in made.read():
        size += len(piece)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == made.size_bytes > 30 * 1024**2
    assert most < 4 * 1024**2


def test_other_programs_find_nothing_wrong(tmp_path: Path):
    archives = [(name, stored([(f"frame_{n:06}_ção.jpg", b"x" * n) for n in range(40)])) for name in ("férias 🎞", "b")]

    async def make() -> bytes:
        return await whole(await Bucket().joined(archives))

    path = tmp_path / "batch.zip"
    path.write_bytes(asyncio.run(make()))
    commands = [["python3", "-m", "zipfile", "-t", str(path)]]
    if shutil.which("unzip"):  # A bare system has none.
        commands.append(["unzip", "-tqq", str(path)])
    for command in commands:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (result.returncode, "warning" in result.stdout + result.stderr) == (0, False), result


async def test_more_than_65535_entries_are_read_back():
    archives = [
        ("a", stored([(f"{n}", b"") for n in range(40_000)])),
        ("b", stored([(f"{n}", b"x") for n in range(30_000)])),
    ]
    data = await whole(await Bucket(100_000).joined(archives))
    with zipfile.ZipFile(io.BytesIO(data)) as read:
        assert len(read.infolist()) == 70_000
        assert read.read("b/29999") == b"x"


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param([[GIB, GIB], [GIB, GIB, GIB], [GIB]], id="a ZIP that crosses 4 GiB, and one beyond"),
        pytest.param([[3 * GIB, 3 * GIB, GIB]], id="one that is larger by itself"),
        pytest.param([[1], [3 * GIB, 3 * GIB], [5], [3 * GIB, 3 * GIB, GIB]], id="large ones behind large ones"),
        pytest.param([[2**32 - 2 - 30 - len("0.jpg") - len("0/")], [1]], id="the last byte that fits"),
    ],
)
def test_files_beyond_4_gib_are_found(sizes: list[list[int]]):
    archives = []
    for some in sizes:
        archive = Huge()
        for number, size in enumerate(some):
            archive.add(f"{number}.jpg", size)
        archive.add("manifest.json", 7, b"the end")
        archives.append(archive.end())
    folders = [folder_of(f"{number}", f"{number}.zip", one.size) for number, one in enumerate(archives)]
    made = asyncio.run(StoredZips(HugeBucket(archives)).joined(folders))
    with zipfile.ZipFile(Lazily(made)) as read:
        names = [f"{n}/{m}.jpg" for n, some in enumerate(sizes) for m in range(len(some))]
        assert sorted(read.namelist()) == sorted([*names, *(f"{n}/manifest.json" for n in range(len(sizes)))])
        for number, some in enumerate(sizes):
            assert [read.getinfo(f"{number}/{m}.jpg").file_size for m in range(len(some))] == some
            header = read.getinfo(f"{number}/manifest.json")
            assert read.read(header) == b"the end"
    assert made.size_bytes == sum(map(sum, sizes)) + _beside(sizes)


def _beside(sizes: list[list[int]]) -> int:
    """Add up by hand what is no picture: headers, records, and what ZIP64 needs for each that begins beyond 4 GiB."""
    at = count = wide = records = 0
    for number, some in enumerate(sizes):
        for name, size in [
            *((f"{number}/{m}.jpg", size) for m, size in enumerate(some)),
            (f"{number}/manifest.json", 7),
        ]:
            wide += at >= 2**32 - 1
            at += 30 + len(name) + size
            records += 46 + len(name)
            count += 1
    end = 22 + (76 if at >= 2**32 - 1 else 0)
    return at - sum(map(sum, sizes)) + records + 12 * wide + end


def cut(data: bytes) -> bytes:
    return data[:-1]


def other_signature(data: bytes) -> bytes:
    return data.replace(b"PK\1\2", b"PK  ", 1)


def deflated(data: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.jpg", bytes(1000))
    return made.getvalue()


def with_a_gap(data: bytes) -> bytes:
    end = data.index(b"PK\1\2")
    return data[:end] + b"gap" + data[end:]


def with_a_comment(data: bytes) -> bytes:
    return data[:-2] + b"\x02\x00hi"


def one_less(data: bytes) -> bytes:
    return data[:-12] + struct.pack("<H", 1) + data[-10:]


def other_sizes(data: bytes) -> bytes:
    """Let the directory say of its first file another size than the file's own header does."""
    at = data.index(b"PK\1\2") + 20
    return data[:at] + struct.pack("<2I", 8, 8) + data[at + 8 :]


@pytest.mark.parametrize("damage", [cut, other_signature, deflated, with_a_gap, with_a_comment, one_less, other_sizes])
async def test_an_archive_that_is_not_laid_out_as_ours_gives_no_zip_that_looks_whole(damage: object):
    assert callable(damage)
    bucket = Bucket()
    sound = stored([("a.jpg", b"a picture"), ("b.jpg", b"another")])
    with pytest.raises(DamagedArchive):
        await whole(await bucket.joined([("a", sound), ("b", damage(sound))]))


async def test_an_archive_whose_length_is_not_what_its_end_says_is_noticed_before_a_byte_is_made():
    for damage in (cut, with_a_gap, with_a_comment):
        with pytest.raises(DamagedArchive):
            await Bucket().joined([("a", damage(stored([("a.jpg", b"a picture")])))])


async def test_an_archive_that_is_gone_is_missed_before_or_while_it_is_read():
    bucket = Bucket()
    zips = StoredZips(bucket)
    data = stored([("a.jpg", b"a picture")])
    bucket.keep("a.zip", data)
    made = await zips.joined([folder_of("a", "a.zip", len(data))])
    bucket.objects.clear()
    with pytest.raises(ObjectMissing):
        await whole(made)
    with pytest.raises(ObjectMissing):
        await StoredZips(bucket).joined([folder_of("a", "a.zip", len(data))])


async def test_how_an_archive_is_laid_out_is_looked_at_once():
    bucket, data = Bucket(), stored([("a.jpg", b"a picture")])
    bucket.keep("a.zip", data)
    zips = StoredZips(bucket)
    for _ in range(3):
        await zips.joined([folder_of("a", "a.zip", len(data))])
    assert bucket.given <= 98
