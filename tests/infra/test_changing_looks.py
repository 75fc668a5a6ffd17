"""Films whose pictures change on the way: each picture looks as in a film of its own, and is never stretched."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.options import ExtractionOptions, ImageFormat
from app.infra.ffmpeg.sequence_headers import fields_may_come, headers_of
from tests.clips import ffmpeg
from tests.extracting import EVERY_PICTURE, EXTRACTOR, at, take
from tests.films import QUIET, VP8, VP9, X264, X265, decoded, picture

pytestmark = pytest.mark.slow

SMALL, WIDE = (128, 96), (256, 96)


@dataclass(frozen=True)
class Half:
    """One part of a film: the size of its pictures, and how they are encoded."""

    size: tuple[int, int]
    encoding: Sequence[str]
    before: Sequence[str] = ()


def tagged(matrix: str, *encoding: str) -> tuple[str, ...]:
    colours = ("-colorspace", matrix, "-color_primaries", matrix, "-color_trc", matrix, "-color_range", "tv")
    return ("-vf", f"scale=out_color_matrix={matrix}:out_range=tv", *colours, *(encoding or X264))


MPEG2: Final = ("-c:v", "mpeg2video", "-q:v", "2", "-bf", "2")
DV: Final = ("-c:v", "dvvideo", "-pix_fmt", "yuv420p")
HDR: Final = (
    *X265[:-3], "-pix_fmt", "yuv420p10le", "-x265-params",
    f"{QUIET}:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc",
)  # fmt: skip
SDR: Final = (*X265, f"{QUIET}:colorprim=bt709:transfer=bt709:colormatrix=bt709")
WOVEN: Final = (*X264, "-x264-params", "tff=1", "-flags", "+ildct+ilme")
TURNED: Final = (*X264, "-bsf:v", "h264_metadata=display_orientation=insert:rotate=90")
KINDS: Final = {
    "size.ts": (Half(SMALL, X264), Half(WIDE, X264)),
    "size.mp4": (Half(SMALL, X264), Half(WIDE, X264)),
    "size_vp9.webm": (Half(SMALL, VP9), Half(WIDE, VP9)),
    "size_mpeg2.mpg": (Half(SMALL, MPEG2), Half(WIDE, MPEG2)),
    "size_prores.mov": (Half(SMALL, ("-c:v", "prores_ks")), Half(WIDE, ("-c:v", "prores_ks"))),
    "shape.avi": (Half((720, 576), (*DV, "-aspect", "4:3")), Half((720, 576), (*DV, "-aspect", "16:9"))),
    "shape.ts": (Half(SMALL, (*MPEG2, "-aspect", "4:3")), Half(SMALL, (*MPEG2, "-aspect", "16:9"))),
    "colours.ts": (Half(SMALL, tagged("smpte170m")), Half(SMALL, tagged("bt709"))),
    "light.mkv": (Half(SMALL, SDR), Half(SMALL, HDR)),
    "fields.ts": (Half(SMALL, X264), Half(SMALL, WOVEN)),
    "turned.ts": (Half(SMALL, X264), Half(SMALL, TURNED)),
}  # fmt: skip
COUNT: Final = 6


def joined(folder: Path, name: str, halves: Sequence[Half]) -> tuple[Path, list[Path]]:
    """Encode each half into a film of its own, and put their packets one after the other into another film."""
    parts = []
    for place, half in enumerate(halves):
        part = folder / f"{place}_{name}"
        raw = part.with_suffix(".raw")
        raw.write_bytes(b"".join(picture(number, half.size) for number in range(COUNT * place, COUNT * (place + 1))))
        width, height = half.size
        ffmpeg(
            "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", "25", "-i", raw,
            *half.encoding, part,
        )  # fmt: skip
        parts.append(part)
    film = folder / name
    if (
        film.suffix in {".mp4", ".mkv"} and "mjpeg" not in halves[0].encoding
    ):  # Where one description of the film is for all of it, packets have their own in them.
        streams = [part.with_suffix(".ts") for part in parts]
        for part, stream in zip(parts, streams, strict=True):
            ffmpeg("-i", part, "-c", "copy", stream)
        ffmpeg("-i", "concat:" + "|".join(map(str, streams)), "-c", "copy", film)
    elif film.suffix in {".ts", ".mpg"}:
        ffmpeg("-i", "concat:" + "|".join(map(str, parts)), "-c", "copy", film)
    else:
        listed = folder / "parts.txt"
        listed.write_text("".join(f"file '{part}'\n" for part in parts))
        ffmpeg("-f", "concat", "-safe", "0", "-i", listed, "-c", "copy", film)
    return film, parts


@pytest.mark.parametrize("name", KINDS)
async def test_each_picture_looks_as_in_a_film_of_its_own(tmp_path: Path, name: str):
    film, parts = joined(tmp_path, name, KINDS[name])
    alone = [frame for part in parts for frame in (await take(part, EVERY_PICTURE)).frames]
    taken = await take(film, EVERY_PICTURE)
    assert [frame.number for frame in taken.frames] == list(range(2 * COUNT))
    assert [(frame.width, frame.height) for frame in taken.frames] == [(frame.width, frame.height) for frame in alone]
    different = [one.number for one, other in zip(taken.frames, alone, strict=True) if one.data != other.data]
    assert different == []
    if "fields" not in name:  # That later pictures may have fields is told of all.
        (note,) = taken.reading.notes
        assert note.startswith("From 0.240 s on its pictures are others: ")
    if name in {"size_mpeg2.mpg", "light.mkv"}:  # Decoders lose pictures where their size changes; filters a depth.
        whole = await take(film, EVERY_PICTURE, replace(EXTRACTOR, decode_all=True))
        assert [frame.data for frame in whole.frames] == [frame.data for frame in taken.frames]


async def test_fields_that_come_only_later_are_woven_too(tmp_path: Path):
    """Television mixes them: progressive_frame of ISO/IEC 13818-2, 6.3.10, is each picture's own."""
    moving = "testsrc2=s=64x48:r=50:d=16"
    woven = tmp_path / "woven.mpg"
    ffmpeg(
        "-f", "lavfi", "-i", moving, "-vf", "interlace=scan=tff:lowpass=0", "-c:v", "mpeg2video", "-pix_fmt", "yuv420p",
        "-flags", "+ildct+ilme", "-q:v", "2", "-g", "5", "-threads", "1", woven,
    )  # fmt: skip
    data = bytearray(woven.read_bytes())
    place, pictures = 0, 0
    while pictures < 390:
        place = data.index(b"\0\0\1\xb5", place + 4)
        if data[place + 4] >> 4 == 8:  # A picture coding extension.
            assert not data[place + 8] & 0x80
            data[place + 8] |= 0x80
            pictures += 1
    begins_whole = tmp_path / "begins_whole.mpg"
    begins_whole.write_bytes(data)
    of_all, of_later = [(await take(film, at(2, 15.8))).frames for film in (woven, begins_whole)]
    assert of_all[0].data != of_later[0].data
    assert of_all[1].data == of_later[1].data


def test_interlaced_vc1_is_known_by_its_header():
    """SMPTE 421M, 6.1: advanced profile, level 3, 4:2:0, rates, no filter, 1920x1080, no pulldown, then INTERLACE."""
    for interlaced in (False, True):
        bits = f"{3:02b}{3:03b}{1:02b}{0:03b}{0:05b}0{959:012b}{539:012b}0{interlaced:b}000000"
        header = b"\0\0\1\x0f" + int(bits, 2).to_bytes(6, "big") + b"\0\0\1\x0e"
        headers = headers_of("vc1", b"")
        assert headers is not None
        assert fields_may_come("vc1", headers(memoryview(header + bytes(9)))) is interlaced


async def test_a_storyboard_of_pictures_of_several_shapes_stretches_none(tmp_path: Path):
    """The first half is a disc in a square, the other one in a picture twice as wide: the sheet has two discs."""
    disc = "geq=lum='if(lte(hypot(X-W/2,Y-H/2),H/4),235,16)':cb=128:cr=128"
    for name, size in (("a.ts", "96x96"), ("b.ts", "192x96")):
        ffmpeg("-f", "lavfi", "-i", f"color=black:s={size}:r=1:d=1", "-vf", disc, *X264, tmp_path / name)
    ffmpeg("-i", f"concat:{tmp_path / 'a.ts'}|{tmp_path / 'b.ts'}", "-c", "copy", tmp_path / "discs.ts")
    (sheet,) = (await take(tmp_path / "discs.ts", EVERY_PICTURE)).sheets
    pixels = decoded([sheet], ImageFormat.JPEG, "format=gray")
    width, height = 2 * 96, 96
    assert len(pixels) == width * height
    for left in (0, 96):
        rows = [pixels[width * y + left : width * y + left + 96] for y in range(96)]
        across = sum(level > 127 for level in rows[48])
        down = sum(row[48] > 127 for row in rows)
        assert across == pytest.approx(down, abs=2)
        assert across >= 22


@pytest.mark.parametrize("size", ["193x144", "144x193", "95x95"])
async def test_a_storyboard_may_be_of_pictures_of_any_size(tmp_path: Path, size: str):
    film = tmp_path / "odd.mkv"
    ffmpeg("-f", "lavfi", "-i", f"testsrc=s={size}:r=1:d=3", "-pix_fmt", "yuv444p", "-c:v", "libx264", film)
    taken = await take(film, EVERY_PICTURE)
    assert (len(taken.frames), len(taken.sheets)) == (3, 1)


async def test_a_limit_of_the_size_holds_for_each_picture(tmp_path: Path):
    film, _ = joined(tmp_path, "size.ts", KINDS["size.ts"])
    taken = await take(film, ExtractionOptions(EVERY_PICTURE, max_width=64))
    assert {(frame.width, frame.height) for frame in taken.frames} == {(64, 48), (64, 24)}


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("film.avi", ("-c:v", "mjpeg")),
        ("film.mkv", ("-c:v", "libaom-av1", "-cpu-used", "8")),
        ("film.mov", ("-c:v", "png")),
        ("film_.mov", ("-c:v", "dnxhd", "-profile:v", "dnxhr_sq", "-pix_fmt", "yuv422p")),
        ("film.webm", VP8),
        ("film.ts", ("-c:v", "mpeg4")),
        ("film.mpg", ("-c:v", "mpeg1video")),
        ("film_265.ts", (*X265, QUIET)),
    ],
)
def test_headers_change_with_the_look_and_with_nothing_else(tmp_path: Path, name: str, encoding: Sequence[str]):
    seen = []
    for size in ("256x128", "272x128"):
        film = tmp_path / f"{size}_{name}"
        ffmpeg("-f", "lavfi", "-i", f"testsrc2=s={size}:r=25:d=0.4", "-g", "5", *encoding, film)
        with av.open(str(film)) as container:
            stream = container.streams.video[0]
            context = stream.codec_context
            headers = headers_of(context.codec.canonical_name, bytes(context.extradata or b""))
            assert headers is not None
            keys = [headers(memoryview(p)) for p in container.demux(stream) if p.size and p.is_keyframe]
        assert len(keys) > 1
        assert len(set(keys)) == 1
        seen.append(keys[0])
    assert b"" not in seen
    assert seen[0] != seen[1]


@pytest.mark.parametrize(
    "codec", ["h264", "hevc", "vvc", "av1", "mjpeg", "mpeg2video", "mpeg4", "vc1", "vp9", "prores"]
)
@given(data=st.binary(max_size=64))
def test_headers_of_any_bytes_are_some(codec: str, data: bytes):
    headers = headers_of(codec, b"")
    assert headers is not None
    for start in (b"", b"\0\0\1\x67", b"\0\0\1\x06", b"\x0a", b"\xff\xd8\xff\xc0", b"\0\0\1\xb3"):
        assert isinstance(headers(memoryview(start + data)), bytes)
