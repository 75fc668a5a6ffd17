"""What packets' own headers say, held against what the encoder was told."""

from pathlib import Path

import av
import pytest

from app.infra.ffmpeg.picture_headers import Marks, marks_of
from tests.clips import ffmpeg

SLICE = 0x21  # nal_ref_idc 1, a slice of no IDR picture.
UNNEEDED_SLICE = 0x01


def marks(film: Path) -> list[Marks]:
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        read = marks_of(stream.codec_context.codec.canonical_name, bytes(stream.codec_context.extradata or b""))
        assert read is not None
        return [read(memoryview(packet)) for packet in container.demux(stream) if packet.size]


def made(folder: Path, name: str, *encoder: str) -> Path:
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x96:r=25:d=2", "-pix_fmt", "yuv420p", *encoder, folder / name)
    return folder / name


@pytest.mark.parametrize("name", ["length.mp4", "start_codes.ts"])
def test_every_other_picture_is_needed_by_none_as_the_encoder_was_told(tmp_path: Path, name: str):
    plain = "keyint=25:min-keyint=25:scenecut=0:bframes=1:b-adapt=0:b-pyramid=none"
    found = marks(made(tmp_path, name, "-c:v", "libx264", "-x264-params", plain))
    assert [place for place, mark in enumerate(found) if mark.entry] == [0, 25]
    assert sum(mark.needless for mark in found) == pytest.approx(24, abs=1)
    assert not any(mark.second or mark.hidden for mark in found)


def test_an_open_group_begins_with_a_key_picture_to_which_nobody_may_leap(tmp_path: Path):
    open_groups = "keyint=25:min-keyint=25:scenecut=0:open-gop=1:bframes=2"
    for name, encoder, options in (
        ("avc.mkv", "libx264", ("-x264-params", open_groups)),
        ("hevc.mkv", "libx265", ("-x265-params", f"{open_groups}:log-level=none")),
    ):
        found = marks(made(tmp_path, name, "-c:v", encoder, *options))
        assert sum(mark.key for mark in found) == 2
        assert [place for place, mark in enumerate(found) if mark.entry] == [0]


def test_pictures_of_mpeg_2_and_mpeg_4_that_are_predicted_from_both_sides_are_needed_by_none(tmp_path: Path):
    for name, encoder in (("a.mpg", "mpeg2video"), ("b.mp4", "mpeg4")):
        found = marks(made(tmp_path, name, "-c:v", encoder, "-g", "15", "-bf", "2", "-q:v", "4"))
        assert sum(mark.needless for mark in found) == pytest.approx(len(found) * 2 / 3, abs=4)
        assert sum(mark.key for mark in found) == 4


def field(read: object, *, bottom: bool, number: int, header: int = SLICE) -> Marks:
    """Read a packet of one slice: its first macroblock 0, of type I, picture parameter set 0, then what is asked."""
    bits = f"1 0001000 1 {number:04b} 1 {bottom:d} 1".replace(" ", "")
    payload = int(bits.ljust(32, "0"), 2).to_bytes(4, "big")
    unit = bytes([header]) + payload
    assert callable(read)
    found = read(memoryview(len(unit).to_bytes(4, "big") + unit))
    assert isinstance(found, Marks)
    return found


def test_two_packets_of_one_field_each_are_one_picture(tmp_path: Path):
    """No encoder here writes lone fields, so slices are written by hand, for the parameter sets of a real stream."""
    clip = made(tmp_path, "interlaced.mp4", "-c:v", "libx264", "-flags", "+ilme+ildct", "-x264-params", "tff=1")
    assert not any(mark.second for mark in marks(clip))  # It has both fields in each packet.
    with av.open(str(clip)) as container:
        extradata = bytes(container.streams.video[0].codec_context.extradata or b"")
    read = marks_of("h264", extradata)
    fields = [(False, 1), (True, 1), (True, 2), (False, 2), (False, 3), (False, 4), (True, 4), (True, 5)]
    seconds = [field(read, bottom=bottom, number=number).second for bottom, number in fields]
    assert seconds == [False, True, False, True, False, False, True, False]


def test_a_stream_of_frames_alone_has_no_fields(tmp_path: Path):
    with av.open(str(made(tmp_path, "progressive.mp4", "-c:v", "libx264"))) as container:
        read = marks_of("h264", bytes(container.streams.video[0].codec_context.extradata or b""))
    assert not any(field(read, bottom=bottom, number=1).second for bottom in (False, True))
    assert field(read, bottom=False, number=1, header=UNNEEDED_SLICE).needless


@pytest.mark.parametrize("codec", ["h264", "hevc", "vvc", "mpeg2video", "mpeg4", "vp8"])
def test_no_bytes_make_a_reader_fail(codec: str):
    read = marks_of(codec, b"\x01\xff\xff\xff\xff\xff\xff\xff")
    assert read is not None
    for data in (b"", b"\0", b"\0\0\1", b"\0\0\0\1\x67", b"\xff" * 40, b"\0" * 40, b"\0\0\1\x67" + b"\0" * 40):
        assert isinstance(read(memoryview(data)), Marks)
