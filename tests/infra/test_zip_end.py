"""The last entry of a ZIP of ours, found from the archive's end alone."""

import io
import struct
import zipfile
from datetime import UTC, datetime

import pytest

from app.infra.zip import StoredZip
from app.infra.zip_end import TAIL_BYTES, last_entry

NOON = datetime(2026, 11, 23, 12, 34, 56, tzinfo=UTC)
NAME = "manifest.json"


def archive(*files: tuple[str, bytes], offset: int = 0) -> bytes:
    """Make one as a worker does; with ``offset`` its end is that of one that is so much larger."""
    encoder = StoredZip()
    encoder.offset = offset
    pieces: list[bytes | memoryview] = []
    for name, data in files:
        pieces += encoder.entry(name, data, NOON)
    pieces += encoder.end()
    return b"".join(pieces)


def found(data: bytes, size: int | None = None) -> tuple[int, int] | None:
    return last_entry(data[-TAIL_BYTES:], len(data) if size is None else size, NAME)


@pytest.mark.parametrize("document", [b"", b"{}", b"x" * 100, b"x" * 5000])
@pytest.mark.parametrize("before", [0, 1, 300])
def test_the_data_of_the_last_entry_is_found(document: bytes, before: int):
    data = archive(*((f"frame_{number:06d}.jpg", b"picture") for number in range(before)), (NAME, document))
    place = found(data)
    assert place is not None
    assert data[slice(*place)] == document
    with zipfile.ZipFile(io.BytesIO(data)) as read:
        assert read.read(NAME) == document


@pytest.mark.slow
def test_it_is_found_behind_more_entries_than_an_old_directory_counts():
    data = archive(*((f"f{number}", b"") for number in range(65_536)), (NAME, b"document"))
    place = found(data)
    assert place is not None
    assert data[slice(*place)] == b"document"


@pytest.mark.parametrize("offset", [2**32 - 100, 2**32 - 1, 2**32, 50 * 2**30])
def test_it_is_found_in_an_archive_beyond_four_gibibytes(offset: int):
    data = archive((NAME, b"document"), offset=offset)
    begin = offset + 30 + len(NAME)
    assert found(data, offset + len(data)) == (begin, begin + len(b"document"))


def test_nothing_is_found_where_the_archive_is_none_of_ours():
    ours = archive(("a.jpg", b"picture"), (NAME, b"document"))
    deflated, commented = io.BytesIO(), io.BytesIO(ours)
    with zipfile.ZipFile(deflated, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(NAME, b"x" * 1000)
    with zipfile.ZipFile(commented, "a") as more:
        more.comment = b"hello"
    for other in (
        b"",
        b"PK",
        bytes(1000),
        deflated.getvalue(),
        commented.getvalue(),
        archive((NAME, b"document"), ("a.jpg", b"picture")),
        archive(("another.json", b"document")),
        StoredZip().end().__next__() + b"".join(StoredZip().end()),
        ours[:-1],
        ours + b"\0",
        b"\0" + ours,
    ):
        assert found(other) is None, other[-60:]


def test_no_number_of_the_end_can_be_changed_to_lead_elsewhere():
    """Whatever is changed, it is refused or leads to the same place."""
    data = archive(("a.jpg", b"picture" * 20), (NAME, b"document"))
    place = found(data)
    for at in range(len(data) - 22 - 46 - len(NAME), len(data)):
        for value in (0, 1, 0x7F, 0xFF):
            changed = data[:at] + bytes([value]) + data[at + 1 :]
            assert found(changed) in (None, place), at
    huge = struct.pack("<I", 0xFFFFFFFE)
    assert found(data[:-10] + huge + data[-6:]) is None
    assert found(data[:-6] + huge + data[-2:]) is None
