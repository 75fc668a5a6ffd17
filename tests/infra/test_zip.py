import io
import os
import struct
import subprocess
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.infra.zip import StoredZip

NOON = datetime(2026, 11, 23, 12, 34, 56, tzinfo=UTC)
GIB = 1024**3


def archive(files: Iterable[tuple[str, bytes]], at: datetime = NOON) -> bytes:
    encoder = StoredZip()
    pieces: list[bytes | memoryview] = []
    for name, data in files:
        pieces += encoder.entry(name, data, at)
    pieces += encoder.end()
    return b"".join(pieces)


def opened(data: bytes) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(data))


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\"), min_size=1, max_size=40),
            st.binary(max_size=300),
        ),
        max_size=20,
        unique_by=lambda pair: pair[0],
    )
)
def test_every_file_is_read_back_as_it_was_written(files: list[tuple[str, bytes]]):
    with opened(archive(files)) as read:
        assert read.testzip() is None
        assert [(i.filename, read.read(i)) for i in read.infolist()] == files


def test_an_entry_is_stored_and_its_sizes_stand_before_its_data():
    data = archive([("frame_000001_00-00-00.000.jpg", b"picture")])
    with opened(data) as read:
        info = read.infolist()[0]
    assert info.compress_type == zipfile.ZIP_STORED
    assert info.flag_bits == 0
    assert info.date_time == (2026, 11, 23, 12, 34, 56)
    assert struct.unpack_from("<II", data, 18) == (7, 7)


def test_only_a_name_beyond_ascii_is_marked_as_utf8():
    with opened(archive([("a.jpg", b""), ("vídeo.json", b"{}")])) as read:
        assert [i.flag_bits for i in read.infolist()] == [0, 0x800]


def test_the_data_itself_is_handed_on_and_no_copy():
    data = os.urandom(100)
    header, body = StoredZip().entry("a", data, NOON)
    assert isinstance(body, memoryview)
    assert body.obj is data
    assert isinstance(header, bytes)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=20))
def test_the_data_of_an_entry_ends_where_the_next_one_begins(files: list[bytes]):
    encoder, ends = StoredZip(), list[int]()
    grown = b""
    for index, data in enumerate(files):
        grown += b"".join(encoder.entry(f"{index}", data, NOON))
        ends.append(encoder.offset)
    whole = grown + b"".join(encoder.end())
    assert [whole[end - len(data) : end] for data, end in zip(files, ends, strict=True)] == files
    with opened(whole) as read:
        assert [info.header_offset for info in read.infolist()] == [0, *ends[:-1]]


def test_times_are_utc_and_held_within_what_dos_can_say():
    behind = datetime(2026, 1, 1, 0, 30, tzinfo=UTC) + timedelta(0)
    for at, expected in (
        (behind.astimezone(tz=None), (2026, 1, 1, 0, 30, 0)),
        (datetime(1970, 1, 1, tzinfo=UTC), (1980, 1, 1, 0, 0, 0)),
        (datetime(2999, 1, 1, tzinfo=UTC), (2107, 12, 31, 23, 59, 58)),
    ):
        with opened(archive([("a", b"")], at)) as read:
            assert read.infolist()[0].date_time == expected


def test_a_name_that_does_not_fit_is_refused():
    for name in ("", "x" * 65_536):
        with pytest.raises(ValueError, match="1 to 65535"):
            StoredZip().entry(name, b"", NOON)


@pytest.mark.slow
@pytest.mark.parametrize("count", [65_534, 65_535, 65_536, 70_000])
def test_a_zip_of_more_than_65535_entries_is_read_back(count: int):
    data = archive((f"frame_{n:06}", b"x") for n in range(count))
    assert (b"PK\x06\x06" in data) == (count >= 65_535)
    with opened(data) as read:
        assert len(read.infolist()) == count
        assert read.read(f"frame_{count - 1:06}") == b"x"


@pytest.mark.slow
def test_a_zip_beyond_4_gib_is_read_back(tmp_path: Path):
    """Zeros are written as holes: the file takes next to no disk, and is read through the real offsets."""
    encoder = StoredZip()
    huge = bytes(4 * GIB + 5)
    path = tmp_path / "big.zip"
    with path.open("wb") as file:
        for name, data in (("huge", huge), ("after.txt", b"behind 4 GiB"), ("last.txt", b"and one more")):
            header, body = encoder.entry(name, data, NOON)
            file.write(header)
            if data is huge:
                file.seek(len(body), os.SEEK_CUR)
            else:
                file.write(body)
            assert file.tell() == encoder.offset
        for piece in encoder.end():
            file.write(piece)
    assert path.stat().st_blocks * 512 < 1024**2
    with zipfile.ZipFile(path) as read:
        assert [i.file_size for i in read.infolist()] == [4 * GIB + 5, 12, 12]
        assert read.getinfo("after.txt").header_offset > 4 * GIB
        assert read.read("last.txt") == b"and one more"


@pytest.mark.slow
def test_info_zip_finds_nothing_wrong(tmp_path: Path):
    path = tmp_path / "frames.zip"
    path.write_bytes(archive((f"frame_{n:06}_ção.jpg", os.urandom(50)) for n in range(66_000)))
    for command in (["unzip", "-tqq", str(path)], ["python3", "-m", "zipfile", "-t", str(path)]):
        try:
            result = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:  # A bare system has no unzip; python3 is always there.
            assert command[0] == "unzip"
            continue
        assert result.returncode == 0, result.stdout + result.stderr
