"""Films that are encrypted, and files that lie about their structure."""

import io
import struct
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final, cast

import pytest

from app.infra.container_structure import structure_of
from app.infra.containers.reading import MAX_READS, Structure
from tests.clips import ffmpeg
from tests.infra.structures import SHAPES, WHOLE, of

KEY: Final = "76a6c65c5ea762046bd749a2e632ccbb"


# ------------------------------------------------------------ encrypted


def test_an_encrypted_mp4_is_detected(tmp_path: Path):
    for name, more in (("a.mp4", ()), ("b.mp4", ("-movflags", "frag_keyframe+empty_moov"))):
        ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=1", *more,
            "-encryption_scheme", "cenc-aes-ctr", "-encryption_key", KEY, "-encryption_kid", KEY, tmp_path / name,
        )  # fmt: skip
        assert of((tmp_path / name).read_bytes()) == Structure(encrypted=True)


def element(number: int, *content: bytes) -> bytes:
    data = b"".join(content)
    return number.to_bytes((number.bit_length() + 7) // 8) + (len(data) | 1 << 56).to_bytes(8) + data


def matroska(*, encrypted: frozenset[int], live: bool = False) -> bytes:
    """A film of a picture (1) and a sound (2), of which these are encrypted."""
    encryption = element(0x6D80, element(0x6240, element(0x5033, b"\x01"), element(0x5035, element(0x47E1, b"\x05"))))
    tracks = (
        element(0xAE, element(0x83, bytes([kind])), element(0xD7, b"\x01"), encryption * (kind in encrypted))
        for kind in (1, 2)
    )
    inside = (
        element(0x1549A966, bytes(20))
        + element(0x1654AE6B, *tracks)
        + element(0x1F43B675, element(0xA3, b"\x81\0\0\x80x"))
    )
    segment = b"\x18\x53\x80\x67\x01" + b"\xff" * 7 + inside if live else element(0x18538067, inside)
    return element(0x1A45DFA3, element(0x4282, b"matroska")) + segment


@pytest.mark.parametrize("live", [False, True])
def test_an_encrypted_matroska_is_detected_by_its_video_track(live: bool):
    assert of(matroska(encrypted=frozenset(), live=live)) == WHOLE
    assert of(matroska(encrypted=frozenset({2}), live=live)) == WHOLE
    assert of(matroska(encrypted=frozenset({1}), live=live)) == Structure(encrypted=True)


def test_a_scrambled_broadcast_is_detected(whole_films: Mapping[str, bytes]):
    for name, length, lead in (("broadcast.ts", 188, 0), ("camcorder.m2ts", 192, 4)):
        data = bytearray(whole_films[name])
        for place in range(lead, len(data), length):
            if int.from_bytes(data[place + 1 : place + 3]) & 0x1FFF >= 0x100:
                data[place + 3] |= 0xC0
        assert of(bytes(data)) == Structure(encrypted=True)


def test_a_scrambled_dvd_is_detected(whole_films: Mapping[str, bytes]):
    data = bytearray(whole_films["dvd.vob"])
    place = 0
    for sector in range(0, len(data), 2048):
        place = data.find(b"\x00\x00\x01\xe0", sector, sector + 2048)
        if place >= 0 and sector % 4096 == 0:
            data[place + 6] |= 0x30
    assert of(bytes(data)) == Structure(encrypted=True)


def test_an_encrypted_wmv_is_detected(whole_films: Mapping[str, bytes]):
    data = whole_films["windows.wmv"]
    guid = bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e")
    added = guid + struct.pack("<Q", 40) + bytes(16)
    header = struct.unpack("<Q", data[16:24])[0]
    sized = data[:16] + struct.pack("<Q", header + len(added)) + data[24:30] + added + data[30:]
    assert of(sized) == Structure(encrypted=True)


# ------------------------------------------------------------ hostile


def hostile() -> Iterator[bytes]:
    box = struct.pack(">I4s", 16, b"ftyp") + b"isom" + bytes(4)
    for size in (0, 1, 7, 8, 0x7FFFFFFF, 0xFFFFFFFF):
        yield box + struct.pack(">I4s", size, b"moov") + bytes(64)
        yield box + struct.pack(">I4sQ", 1, b"mdat", size) + bytes(64)
        yield b"RIFF" + struct.pack("<I", size) + b"AVI LIST" + struct.pack("<I", size) + b"movi" + bytes(64)
        yield b"FLV\x01\x05" + struct.pack(">I", size) + bytes(64)
        yield b"FLV\x01\x05" + struct.pack(">I", 9) + bytes(4) + b"\x09" + struct.pack(">I", size)[1:] + bytes(20)
        yield bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + struct.pack("<Q", size) + bytes(200)
    for size in (0, 0xFFFFFFFFFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 1 << 63):
        yield box + struct.pack(">I4sQ", 1, b"moov", size) + bytes(64)
        yield box + struct.pack(">I4s", 8, b"moof") + struct.pack(">I4sQ", 1, b"mdat", size) + bytes(64)
        yield bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + struct.pack("<Q", size) + bytes(200)
    for kind in (b"trak", b"mdia", b"stbl"):  # A thousand boxes, each within the one before.
        yield (
            box
            + struct.pack(">I4s", 8008, b"moov")
            + b"".join(struct.pack(">I4s", 8000 - 8 * depth, kind) for depth in range(1000))
        )
    for long in (b"\x01" + b"\xff" * 7, b"\xff", b"\x80", b"\x01" + b"\xfe" * 7, b"\x00" * 8, b"\x08\xff\xff\xff\xff"):
        yield b"\x1a\x45\xdf\xa3" + long + bytes(40)
        yield b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67" + long + b"\x1f\x43\xb6\x75" + long + b"\xa3" + long
        yield b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67" + long + b"\x16\x54\xae\x6b" + long + (b"\xae" + long) * 3
    yield b"OggS\x00" + b"\xff" * 300
    yield b"\x00\x00\x01\xba" + b"\x00\x00\x01\xe0" * 100_000


def test_no_false_size_breaks_the_reader():
    for data in hostile():
        for end in (len(data), len(data) - 1, len(data) // 2):
            structure_of(io.BytesIO(data[:end]))


@pytest.mark.parametrize("name", SHAPES)
def test_no_damage_breaks_the_reader(whole_films: Mapping[str, bytes], name: str):
    whole = whole_films[name][:30_000]
    for place in range(0, min(len(whole), 3000), 7):
        for value in (b"\xff" * 8, bytes(8), b"\x00\x00\x00\x01\x7f\xff\xff\xff"):
            structure_of(io.BytesIO(whole[:place] + value + whole[place + 8 :]))


class _Endless(io.RawIOBase):
    """A file of terabytes that is nothing but empty elements of one kind behind a head."""

    def __init__(self, head: bytes, element: bytes, size: int) -> None:
        self._head, self._element, self._size, self._place = head, element, size, 0

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._place = offset if whence == io.SEEK_SET else self._size + offset
        return self._place

    def read(self, size: int = -1, /) -> bytes:
        place, self._place = self._place, self._place + size
        ahead = self._head[place : place + size]
        start = max(place, len(self._head)) - len(self._head)
        skip = start % len(self._element)
        repeated = self._element * ((size + skip) // len(self._element) + 2)
        return ahead + repeated[skip : skip + size - len(ahead)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("head", "element"),
    [
        (b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00", struct.pack(">I4s", 8, b"free")),
        (b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff", b"\xec\x80"),
        (b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00", b"\x09" + bytes(14)),
    ],
    ids=["mp4", "webm", "flv"],
)
def test_no_number_of_elements_takes_long(head: bytes, element: bytes):
    began = time.process_time()
    found = structure_of(cast("BinaryIO", _Endless(head, element, 1 << 42)))
    assert found == WHOLE
    assert time.process_time() - began < MAX_READS / 100_000


def test_a_film_of_gigabytes_takes_a_moment(tmp_path: Path):
    """Three hours of clusters of five seconds; their content is a hole in the file."""
    block = b"\xa3\x08" + (900_000).to_bytes(4)
    cluster = b"\x1f\x43\xb6\x75\x08" + (len(block) + 900_000).to_bytes(4) + block
    head = b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x01" + b"\xff" * 7
    with (tmp_path / "long.mkv").open("wb") as file:
        file.write(head)
        for number in range(2200):
            file.seek(len(head) + number * (len(cluster) + 900_000))
            file.write(cluster)
        file.truncate(len(head) + 2200 * (len(cluster) + 900_000))
    began = time.monotonic()
    with (tmp_path / "long.mkv").open("rb") as opened:
        assert structure_of(opened) == WHOLE
    assert time.monotonic() - began < 0.5


@pytest.mark.parametrize("data", [b"", b"x", bytes(2000), b"RIFF\x00\x10\x00\x00WAVEfmt ", b"#EXTM3U\n" * 200])
def test_a_file_that_is_no_film_has_no_structure(data: bytes):
    assert structure_of(io.BytesIO(data)) is None
