"""What a container cuts off is not shown: as QuickTime, mpv and ffmpeg itself have it."""

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.options import ImageFormat
from app.infra.containers.cropping import Margins, margins_of
from tests.clips import ffmpeg
from tests.extracting import at, take
from tests.films import X264, decoded
from tests.rendered import LOSSLESS

pytestmark = pytest.mark.slow

Box = tuple[bytes, int, int]


def boxes(data: bytes | bytearray, start: int, end: int) -> Iterator[Box]:
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        yield kind, start, start + size
        start += size


def entry(data: bytearray) -> list[int]:
    """Say where the film's sample entry begins, and before it all that it lies in."""
    places, start, end = [], 0, len(data)
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", None):
        start, end = next((a, b) for found, a, b in boxes(data, start, end) if kind in {found, None})
        places.append(start)
        start += 16 if kind == b"stsd" else 8
    return places


def with_clean_aperture(film: Path, aperture: tuple[int, ...], track: tuple[int, int] | None = None) -> Path:
    """Add a clap box of eight numbers to a film whose index stands at its end; give its track another size."""
    data = bytearray(film.read_bytes())
    clap = struct.pack(">I4s4IiIiI", 40, b"clap", *aperture)
    places = entry(data)
    (size,) = struct.unpack_from(">I", data, places[-1])
    for place in places:
        struct.pack_into(">I", data, place, struct.unpack_from(">I", data, place)[0] + len(clap))
    data[places[-1] + size : places[-1] + size] = clap
    if track is not None:
        struct.pack_into(">II", data, data.index(b"tkhd") + 80, track[0] << 16, track[1] << 16)
        data[(shape := data.index(b"pasp")) : shape + 4] = b"free"
    changed = film.with_name(f"clean_{film.name}")
    changed.write_bytes(data)
    return changed


def aperture(width: int, height: int, right: int = 0, down: int = 0) -> tuple[int, ...]:
    """Give the numbers of a clean aperture that lies off the middle by so many half pixels."""
    return (width, 1, height, 1, right, 2, down, 2)


EXACT = "flags=bicubic+accurate_rnd+full_chroma_int"
SOURCE = ("-f", "lavfi", "-i", "testsrc2=s=360x288:r=25:d=0.08")


def pixels(film: Path, filters: str) -> bytes:
    """Let ffmpeg itself decode and cut: in whole pixels of RGB, where nothing is rounded."""
    ffmpeg(
        "-apply_cropping", "codec", "-noautorotate", "-i", film, "-frames:v", "1", "-vf", f"{filters},format=rgb24",
        "-f", "rawvideo", film.with_suffix(".rgb"),
    )  # fmt: skip
    return film.with_suffix(".rgb").read_bytes()


@pytest.mark.parametrize(
    ("name", "encoding", "aperture", "cut"),
    [
        ("even.mov", (*LOSSLESS, "-pix_fmt", "yuv420p"), aperture(344, 272), (8, 8)),
        ("odd.mov", (*LOSSLESS, "-pix_fmt", "yuv420p"), aperture(342, 262, 4, -8), (11, 9)),
        ("odd.mp4", ("-c:v", "libx264", "-qp", "4", "-pix_fmt", "yuv420p"), aperture(359, 287, -1, 1), (0, 1)),
        ("odd_422.mov", ("-c:v", "prores_ks"), aperture(342, 288), (9, 0)),
        ("odd_rgb.mov", ("-c:v", "qtrle"), aperture(341, 283, 1, 1), (10, 3)),
        (
            "television.mov",
            ("-c:v", "dvvideo", "-pix_fmt", "yuv420p", "-s", "720x576", "-aspect", "4:3"),
            aperture(702, 576),
            (9, 0),
        ),
    ],
)
async def test_a_clean_aperture_is_cut_to_the_pixel(
    tmp_path: Path, name: str, encoding: tuple[str, ...], aperture: tuple[int, ...], cut: tuple[int, int]
):
    ffmpeg(*SOURCE, *encoding, tmp_path / name)
    film = with_clean_aperture(tmp_path / name, aperture)
    taken = await take(film, at(0))
    (frame,) = taken.frames
    width, height = aperture[0], aperture[2]
    scaled = "dvvideo" in encoding  # Its pixels are wider than high; and a little is lost with them.
    assert (frame.width, frame.height) == (taken.media.width, taken.media.height)
    assert (frame.width, frame.height) == ((749 if scaled else width), height)
    right = pixels(
        film,
        f"scale=in_color_matrix=bt601:{EXACT},format=gbrp,crop={width}:{height}:{cut[0]}:{cut[1]},"
        f"scale=w={frame.width}:h={frame.height}:{EXACT}",
    )
    found = decoded([frame.data], ImageFormat.PNG, "format=rgb24")
    assert len(found) == len(right)
    off = sum(abs(a - b) for a, b in zip(found, right, strict=True)) / len(right)
    assert off < (1.5 if scaled else 0.7)


async def test_what_matroska_cuts_off_is_not_shown(tmp_path: Path):
    ffmpeg(*SOURCE, *LOSSLESS, "-pix_fmt", "yuv420p", tmp_path / "film.mov")
    clean = with_clean_aperture(tmp_path / "film.mov", aperture(342, 262, 4, -8))
    ffmpeg("-i", clean, "-c", "copy", tmp_path / "film.mkv")
    (one,) = (await take(clean, at(0))).frames
    (other,) = (await take(tmp_path / "film.mkv", at(0))).frames
    assert (other.width, other.height) == (342, 262)
    assert one.data == other.data


@pytest.mark.parametrize("name", ["turned.mov", "turned.mkv"])
async def test_the_coded_picture_is_cut_before_it_is_turned(tmp_path: Path, name: str):
    """Its right half is red: that is cut off, whichever way up the rest is shown."""
    halves = "color=blue:s=64x64:r=25:d=0.08[a];color=red:s=64x64:r=25:d=0.08[b];[a][b]hstack"
    ffmpeg("-f", "lavfi", "-i", halves, *X264, tmp_path / "lying.mov")
    ffmpeg("-display_rotation", "90", "-i", tmp_path / "lying.mov", "-c", "copy", tmp_path / "turned_.mov")
    clean = with_clean_aperture(tmp_path / "turned_.mov", aperture(64, 48, -64))
    ffmpeg("-i", clean, "-c", "copy", tmp_path / name)
    (frame,) = (await take(tmp_path / name, at(0))).frames
    assert (frame.width, frame.height) == (48, 64)
    whole = decoded([frame.data], ImageFormat.PNG, "format=rgb24")
    assert max(whole[0::3]) <= 16
    assert min(whole[2::3]) >= 230


async def test_a_track_that_is_shown_as_large_as_its_clean_aperture_has_square_pixels(tmp_path: Path):
    """Without a shape of its pixels: what the track's size belongs to is what is seen (ISO/IEC 14496-12, 8.3.2)."""
    ffmpeg(*SOURCE, "-vf", "setsar=1", *X264, tmp_path / "film.mov")
    film = with_clean_aperture(tmp_path / "film.mov", aperture(342, 262), track=(342, 262))
    taken = await take(film, at(0))
    assert [(frame.width, frame.height) for frame in taken.frames] == [(342, 262)]
    assert taken.reading.notes == ()


@pytest.mark.parametrize(
    "numbers",
    [
        (0, 1, 0, 1, 0, 1, 0, 1), (100, 0, 100, 0, 0, 1, 0, 1), (720, 1, 288, 1, 0, 1, 0, 1),
        (100, 1, 100, 1, 1000, 1, 0, 1), (100, 1, 100, 1, -(2**31), 1, 0, 1), (2**32 - 1, 1, 10, 1, 0, 1, 0, 1),
    ],
)  # fmt: skip
def test_a_clean_aperture_that_makes_no_sense_cuts_nothing_off(tmp_path: Path, numbers: tuple[int, ...]):
    ffmpeg(*SOURCE, *X264, tmp_path / "film.mov")
    with with_clean_aperture(tmp_path / "film.mov", numbers).open("rb") as file:
        assert margins_of(file, 1, 0) == Margins()


async def test_the_margins_are_those_of_the_film_and_no_other_track(tmp_path: Path):
    ffmpeg(*SOURCE, *X264, tmp_path / "one.mov")
    clean = with_clean_aperture(tmp_path / "one.mov", aperture(300, 200))
    for name in ("two.mov", "two.mkv"):
        ffmpeg(
            "-i", clean, "-i", tmp_path / "one.mov", "-map", "0", "-map", "1", "-c", "copy",
            "-disposition:v:0", "0", "-disposition:v:1", "default", tmp_path / name,
        )  # fmt: skip
        (frame,) = (await take(tmp_path / name, at(0))).frames
        assert (frame.width, frame.height) == (360, 288)
