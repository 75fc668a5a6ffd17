"""Whole, cut and joined films, as their containers tell them apart."""

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.clips import ffmpeg
from tests.infra.structures import SHAPES, WHOLE, of

NEVER_CUT: Final = {"mpeg1.mpg", "dvd.vob"}  # A program stream promises no end.
ENDS_WITH_A_PIECE: Final = {
    "broadcast.ts",
    "camcorder.m2ts",
    "live.webm",
    "theora.ogv",
}  # So few bytes may be what is left of one.
NEVER_JOINED: Final = {*NEVER_CUT, "broadcast.ts", "camcorder.m2ts"}  # Streams may follow streams.


@pytest.mark.parametrize("name", SHAPES)
def test_a_whole_film_has_no_fault_of_structure(whole_films: Mapping[str, bytes], name: str):
    assert of(whole_films[name]) == WHOLE


def test_real_recordings_have_no_fault_of_structure(samples: Path):
    for path in samples.glob("*.mp4"):
        assert of(path.read_bytes()) == WHOLE


@pytest.mark.parametrize("name", [name for name in SHAPES if name not in NEVER_CUT])
def test_a_truncated_film_is_detected_wherever_it_ends(whole_films: Mapping[str, bytes], name: str):
    whole = whole_films[name]
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


def test_a_cut_within_a_fragment_is_detected(whole_films: Mapping[str, bytes]):
    whole = whole_films["faststart.mp4"]
    assert of(whole[: len(whole) // 2]).cut_off
    assert of(whole_films["h264.mkv"][:20_000]).cut_off


def test_a_cut_between_fragments_cannot_be_detected(whole_films: Mapping[str, bytes]):
    assert of(whole_films["camcorder.m2ts"][: 192 * 300]) == WHOLE
    assert of(whole_films["broadcast.ts"][: 188 * 300]) == WHOLE


@pytest.mark.parametrize("name", [name for name in SHAPES if name not in NEVER_JOINED])
def test_films_joined_by_cat_are_detected(whole_films: Mapping[str, bytes], name: str):
    assert of(whole_films[name] * 2).joined
    assert of(whole_films[name] * 3).joined
    assert not of(whole_films[name] * 2).cut_off


def test_different_films_joined_in_one_container_are_detected(whole_films: Mapping[str, bytes]):
    assert of(whole_films["live.webm"] + whole_films["h264.mkv"]).joined
    assert of(whole_films["h264.mkv"] + whole_films["live.webm"]).joined
    assert of(whole_films["fragmented.mp4"] + whole_films["prores.mov"]).joined


@pytest.mark.parametrize(
    ("name", "tail"),
    [
        (name, tail)
        for name in SHAPES
        for tail in (b"\n", bytes(7), bytes(3000), b"what an editor left behind" * 40)
        if len(tail) > 7 or name not in ENDS_WITH_A_PIECE
    ],
)
def test_what_editors_leave_behind_a_film_does_no_harm(whole_films: Mapping[str, bytes], name: str, tail: bytes):
    assert of(whole_films[name] + tail) == WHOLE


def test_a_free_box_behind_a_film_does_no_harm(whole_films: Mapping[str, bytes]):
    assert of(whole_films["prores.mov"] + struct.pack(">I4s", 100, b"free") + bytes(92)) == WHOLE
    assert of(whole_films["plain.mp4"] + struct.pack(">I4s", 0, b"free") + bytes(92)) == WHOLE


def test_a_content_that_lasts_to_the_end_is_whole(whole_films: Mapping[str, bytes]):
    data = bytearray(whole_films["faststart.mp4"])
    place = data.index(b"mdat") - 4
    data[place : place + 4] = bytes(4)
    assert of(bytes(data)) == WHOLE


def test_a_recording_without_its_index_was_cut_off(whole_films: Mapping[str, bytes]):
    data = whole_films["plain.mp4"]
    without = bytearray(data[: data.index(b"moov") - 4])
    assert of(bytes(without)).cut_off
    without[without.index(b"mdat") - 4 : without.index(b"mdat")] = bytes(4)
    assert of(bytes(without)).cut_off


def test_a_wrong_riff_size_is_not_taken_for_a_cut(whole_films: Mapping[str, bytes]):
    for size in (0, 20, 0x7FFFFFFF, 0xFFFFFFFF):
        data = bytearray(whole_films["mpeg4.avi"])
        data[4:8] = struct.pack("<I", size)
        assert of(bytes(data)) == WHOLE


def test_a_wrong_size_of_an_avi_s_pictures_is_no_cut_where_its_index_is_there(whole_films: Mapping[str, bytes]):
    data = bytearray(whole_films["mpeg4.avi"])
    place = data.index(b"movi") - 4
    data[place : place + 4] = struct.pack("<I", len(data) * 2)
    assert of(bytes(data)) == WHOLE


def test_an_avi_of_several_riffs_is_one_film(whole_films: Mapping[str, bytes]):
    chunk = struct.pack("<4sI", b"00dc", 996) + bytes(996)
    more = b"RIFF" + struct.pack("<I", 1020) + b"AVIXLIST" + struct.pack("<I", 1008) + b"movi" + chunk
    assert of(whole_films["mpeg4.avi"] + more) == WHOLE
    assert of(whole_films["mpeg4.avi"] + more[:-1]).cut_off


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
def test_packets_that_are_missing_in_a_transport_stream_are_told(whole_films: Mapping[str, bytes], missing: int):
    data = whole_films["broadcast.ts"]
    places = picture_packets(data)
    gone = set(places[100 : 100 + missing])
    kept = b"".join(data[place : place + 188] for place in range(0, len(data), 188) if place not in gone)
    assert [start for start, _ in of(kept).damage] == [places[100 + missing] - 188 * missing]


def test_packets_that_are_sent_twice_or_announced_to_be_counted_anew_are_no_damage(whole_films: Mapping[str, bytes]):
    data = whole_films["broadcast.ts"]
    places = picture_packets(data)
    assert of(data[: places[100]] + data[places[100] : places[100] + 188] + data[places[100] :]) == WHOLE
    timed = next(place for place in places[100:] if data[place + 3] & 0x20 and data[place + 4])
    previous = max(place for place in places if place < timed)
    announced = bytearray(data[:previous] + data[previous + 188 :])
    announced[timed - 188 + 5] |= 0x80
    assert of(bytes(announced)) == WHOLE
    announced[timed - 188 + 5] &= 0x7F
    assert of(bytes(announced)).damage


def test_a_recording_that_was_appended_to_another_is_told(whole_films: Mapping[str, bytes], tmp_path: Path):
    more = tmp_path / "more.ts"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=1", "-c:v", "mpeg2video", "-output_ts_offset", "2", more)
    assert of(whole_films["broadcast.ts"] + more.read_bytes()).appended
    assert not of(whole_films["broadcast.ts"]).appended


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
def test_a_piece_whose_head_is_damaged_is_told(whole_films: Mapping[str, bytes], name: str, piece: bytes, place: int):
    """Of those that look like the piece's beginning most are; the others lie within some content."""
    data = whole_films[name]
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
