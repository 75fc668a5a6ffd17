"""Whole, cut, joined, encrypted and hostile films, as their containers tell them apart."""

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

WHOLE: Final = Structure()
SHAPES: Final[Mapping[str, str]] = {
    # A film's name, and the options that make it.
    "plain.mp4": "",
    "faststart.mp4": "-movflags +faststart",
    "fragmented.mp4": "-movflags frag_keyframe+empty_moov+default_base_moof",
    "dash.mp4": "-movflags dash+frag_keyframe -g 10",
    "prores.mov": "-c:v prores_ks",
    "timecode.mov": "-timecode 01:00:00:00",
    "phone.3gp": "-c:v mpeg4 -c:a aac",
    "h264.mkv": "",
    "vp8.webm": "-c:v libvpx -c:a libvorbis",
    "live.webm": "-c:v libvpx -c:a libvorbis -f webm -live 1",
    "mpeg4.avi": "-c:v mpeg4",
    "broadcast.ts": "-c:v mpeg2video",
    "camcorder.m2ts": "",
    "mpeg1.mpg": "-c:v mpeg1video",
    "dvd.vob": "",
    "windows.wmv": "",
    "flash.flv": "",
    "theora.ogv": "",
}
NEVER_CUT: Final = {"mpeg1.mpg", "dvd.vob"}  # A program stream promises no end.
ENDS_WITH_A_PIECE: Final = {
    "broadcast.ts",
    "camcorder.m2ts",
    "live.webm",
    "theora.ogv",
}  # So few bytes may be what is left of one.
NEVER_JOINED: Final = {*NEVER_CUT, "broadcast.ts", "camcorder.m2ts"}  # Streams may follow streams.
KEY: Final = "76a6c65c5ea762046bd749a2e632ccbb"


def of(data: bytes) -> Structure:
    found = structure_of(io.BytesIO(data))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """Two seconds with sound in each container."""
    folder = tmp_path_factory.mktemp("structure")
    made = {}
    for name, options in SHAPES.items():
        source = ("-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=2", "-f", "lavfi", "-i", "sine=d=2")
        ffmpeg(*source, *options.split(), folder / name)
        made[name] = (folder / name).read_bytes()
    return made


@pytest.mark.parametrize("name", SHAPES)
def test_a_whole_film_is_whole_one_and_readable(films: Mapping[str, bytes], name: str):
    assert of(films[name]) == WHOLE


def test_so_are_real_recordings(samples: Path):
    for path in samples.glob("*.mp4"):
        assert of(path.read_bytes()) == WHOLE


@pytest.mark.parametrize("name", [name for name in SHAPES if name not in NEVER_CUT])
def test_a_film_that_was_cut_off_is_told_wherever_the_cut_is(films: Mapping[str, bytes], name: str):
    whole = films[name]
    step = len(whole) // 60
    cuts = [n for n in range(step, len(whole) - 4, step) if not between_pieces(name, whole, n)]
    assert len(cuts) > 30
    assert [n for n in cuts if not of(whole[:n]).cut_off] == []
    assert not any(of(whole[:n]).encrypted or of(whole[:n]).joined for n in cuts[::6])


def between_pieces(name: str, whole: bytes, place: int) -> bool:
    """Whether a cut leaves a film that promises nothing more: between two packets, tags, pages or clusters."""
    ending = name.rpartition(".")[2]
    packet = {"ts": 188, "m2ts": 192}.get(ending)
    return (
        (packet is not None and place % packet == 0)
        or (ending == "flv" and tag_ends(whole, place))
        or (ending == "ogv" and whole[place : place + 4] == b"OggS")
        # Only the index is cut: all pictures are there.
        or (ending == "avi" and place > whole.index(b"idx1") + 4)
        or (ending == "wmv" and place >= whole.rindex(bytes.fromhex("90080033b1e5cf1189f400a0c90349cb")))
    )


def tag_ends(whole: bytes, place: int) -> bool:
    length = int.from_bytes(whole[place - 4 : place])
    return whole[place - 4 - length + 1 : place - length] == (length - 11).to_bytes(4)[1:]


def test_a_cut_in_the_midst_of_a_piece_is_told(films: Mapping[str, bytes]):
    whole = films["faststart.mp4"]
    assert of(whole[: len(whole) // 2]).cut_off
    assert of(films["h264.mkv"][:20_000]).cut_off


def test_a_cut_between_pieces_cannot_be_told(films: Mapping[str, bytes]):
    assert of(films["camcorder.m2ts"][: 192 * 300]) == WHOLE
    assert of(films["broadcast.ts"][: 188 * 300]) == WHOLE


@pytest.mark.parametrize("name", [name for name in SHAPES if name not in NEVER_JOINED])
def test_films_that_cat_joined_are_told(films: Mapping[str, bytes], name: str):
    assert of(films[name] * 2).joined
    assert of(films[name] * 3).joined
    assert not of(films[name] * 2).cut_off


def test_films_of_different_kinds_joined_in_one_container_are_told(films: Mapping[str, bytes]):
    assert of(films["live.webm"] + films["h264.mkv"]).joined
    assert of(films["h264.mkv"] + films["live.webm"]).joined
    assert of(films["fragmented.mp4"] + films["prores.mov"]).joined


@pytest.mark.parametrize(
    ("name", "tail"),
    [
        (name, tail)
        for name in SHAPES
        for tail in (b"\n", bytes(7), bytes(3000), b"what an editor left behind" * 40)
        if len(tail) > 7 or name not in ENDS_WITH_A_PIECE
    ],
)
def test_what_editors_leave_behind_a_film_does_no_harm(films: Mapping[str, bytes], name: str, tail: bytes):
    assert of(films[name] + tail) == WHOLE


def test_a_free_box_behind_a_film_does_no_harm(films: Mapping[str, bytes]):
    assert of(films["prores.mov"] + struct.pack(">I4s", 100, b"free") + bytes(92)) == WHOLE
    assert of(films["plain.mp4"] + struct.pack(">I4s", 0, b"free") + bytes(92)) == WHOLE


def test_a_content_that_lasts_to_the_end_is_whole(films: Mapping[str, bytes]):
    data = bytearray(films["faststart.mp4"])
    place = data.index(b"mdat") - 4
    data[place : place + 4] = bytes(4)
    assert of(bytes(data)) == WHOLE


def test_a_recording_without_its_index_was_cut_off(films: Mapping[str, bytes]):
    data = films["plain.mp4"]
    without = bytearray(data[: data.index(b"moov") - 4])
    assert of(bytes(without)).cut_off
    without[without.index(b"mdat") - 4 : without.index(b"mdat")] = bytes(4)
    assert of(bytes(without)).cut_off


def test_a_wrong_size_of_riff_is_no_cut(films: Mapping[str, bytes]):
    for size in (0, 20, 0x7FFFFFFF, 0xFFFFFFFF):
        data = bytearray(films["mpeg4.avi"])
        data[4:8] = struct.pack("<I", size)
        assert of(bytes(data)) == WHOLE


def test_a_wrong_size_of_an_avi_s_pictures_is_no_cut_where_its_index_is_there(films: Mapping[str, bytes]):
    data = bytearray(films["mpeg4.avi"])
    place = data.index(b"movi") - 4
    data[place : place + 4] = struct.pack("<I", len(data) * 2)
    assert of(bytes(data)) == WHOLE


def test_an_avi_of_several_riffs_is_one_film(films: Mapping[str, bytes]):
    chunk = struct.pack("<4sI", b"00dc", 996) + bytes(996)
    more = b"RIFF" + struct.pack("<I", 1020) + b"AVIXLIST" + struct.pack("<I", 1008) + b"movi" + chunk
    assert of(films["mpeg4.avi"] + more) == WHOLE
    assert of(films["mpeg4.avi"] + more[:-1]).cut_off


# ------------------------------------------------------------ encrypted


def test_an_encrypted_mp4_is_told(tmp_path: Path):
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
def test_an_encrypted_matroska_is_told_by_its_picture(live: bool):
    assert of(matroska(encrypted=frozenset(), live=live)) == WHOLE
    assert of(matroska(encrypted=frozenset({2}), live=live)) == WHOLE
    assert of(matroska(encrypted=frozenset({1}), live=live)) == Structure(encrypted=True)


def test_a_scrambled_broadcast_is_told(films: Mapping[str, bytes]):
    for name, length, lead in (("broadcast.ts", 188, 0), ("camcorder.m2ts", 192, 4)):
        data = bytearray(films[name])
        for place in range(lead, len(data), length):
            if int.from_bytes(data[place + 1 : place + 3]) & 0x1FFF >= 0x100:
                data[place + 3] |= 0xC0
        assert of(bytes(data)) == Structure(encrypted=True)


def test_a_scrambled_dvd_is_told(films: Mapping[str, bytes]):
    data = bytearray(films["dvd.vob"])
    place = 0
    for sector in range(0, len(data), 2048):
        place = data.find(b"\x00\x00\x01\xe0", sector, sector + 2048)
        if place >= 0 and sector % 4096 == 0:
            data[place + 6] |= 0x30
    assert of(bytes(data)) == Structure(encrypted=True)


def test_an_encrypted_wmv_is_told(films: Mapping[str, bytes]):
    data = films["windows.wmv"]
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


def test_no_lie_about_a_size_does_harm():
    for data in hostile():
        for end in (len(data), len(data) - 1, len(data) // 2):
            structure_of(io.BytesIO(data[:end]))


@pytest.mark.parametrize("name", SHAPES)
def test_no_damage_does_harm(films: Mapping[str, bytes], name: str):
    whole = films[name][:30_000]
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
    began = time.monotonic()
    found = structure_of(cast("BinaryIO", _Endless(head, element, 1 << 42)))
    assert found == WHOLE
    assert time.monotonic() - began < MAX_READS / 100_000


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
def test_of_what_is_no_film_nothing_is_said(data: bytes):
    assert structure_of(io.BytesIO(data)) is None


def test_recordings_of_other_streams_joined_in_a_transport_stream_are_told(tmp_path: Path):
    parts = []
    for number in (0x100, 0x200):
        part = tmp_path / f"{number}.ts"
        ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=4", "-c:v", "mpeg2video", "-q:v", "2",
            "-mpegts_start_pid", str(number), part,
        )  # fmt: skip
        parts.append(part.read_bytes())
    assert of(parts[0] + parts[1]).joined
    assert of(parts[0]) == of(parts[1]) == WHOLE


# ------------------------------------------------------------ damage


def picture_packets(data: bytes) -> list[int]:
    """The places of the packets of the first elementary stream in a transport stream of plain packets."""
    return [
        place for place in range(0, len(data), 188) if int.from_bytes(data[place + 1 : place + 3]) & 0x1FFF == 0x100
    ]


@pytest.mark.parametrize("missing", [1, 7, 15])
def test_packets_that_are_missing_in_a_transport_stream_are_told(films: Mapping[str, bytes], missing: int):
    data = films["broadcast.ts"]
    places = picture_packets(data)
    gone = set(places[100 : 100 + missing])
    kept = b"".join(data[place : place + 188] for place in range(0, len(data), 188) if place not in gone)
    assert [start for start, _ in of(kept).damage] == [places[100 + missing] - 188 * missing]


def test_packets_that_are_sent_twice_or_announced_to_be_counted_anew_are_no_damage(films: Mapping[str, bytes]):
    data = films["broadcast.ts"]
    places = picture_packets(data)
    assert of(data[: places[100]] + data[places[100] : places[100] + 188] + data[places[100] :]) == WHOLE
    timed = next(place for place in places[100:] if data[place + 3] & 0x20 and data[place + 4])
    previous = max(place for place in places if place < timed)
    announced = bytearray(data[:previous] + data[previous + 188 :])
    announced[timed - 188 + 5] |= 0x80
    assert of(bytes(announced)) == WHOLE
    announced[timed - 188 + 5] &= 0x7F
    assert of(bytes(announced)).damage


def test_a_recording_that_was_appended_to_another_is_told(films: Mapping[str, bytes], tmp_path: Path):
    more = tmp_path / "more.ts"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=1", "-c:v", "mpeg2video", "-output_ts_offset", "2", more)
    assert of(films["broadcast.ts"] + more.read_bytes()).appended
    assert not of(films["broadcast.ts"]).appended


@pytest.mark.parametrize(
    ("name", "piece", "place"),
    [
        ("h264.mkv", b"\xa3", 0),  # A block whose own name is wrong.
        ("live.webm", b"\x1f\x43\xb6\x75", 1),
        ("flash.flv", b"\x09\0", 0),
        ("theora.ogv", b"OggS", 18),  # Another number than the page before has.
        ("mpeg4.avi", b"00dc", 0),
        ("windows.wmv", b"\x82\0\0", 0),
    ],
)
def test_a_piece_whose_head_is_damaged_is_told(films: Mapping[str, bytes], name: str, piece: bytes, place: int):
    """Of those that look like the piece's beginning most are; the others lie within some content."""
    data = films[name]
    found = data.index(piece, len(data) // 3)
    for _ in range(40):
        damaged = bytearray(data)
        damaged[found + place] ^= 0xFF
        told = of(bytes(damaged))
        if told.damage:
            start, stop = told.damage[0]
            assert start <= found + place + 1
            assert stop <= len(data)
            return
        found = data.index(piece, found + 1)
    pytest.fail("no damage was told")
