"""Films whose beginning is odd or damaged, and sounds that must not matter."""

from pathlib import Path

import av
import pytest

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.domain.options import ExtractionOptions, FrameSelection, SelectionKind
from tests.clips import ffmpeg
from tests.extracting import EXTRACTOR

pytestmark = pytest.mark.slow

EVERY = ExtractionOptions(FrameSelection(SelectionKind.EVERY_NTH_FRAME, 1), max_width=64)
PICTURE = ("-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=4")


async def count_of(film: Path) -> int:
    async with EXTRACTOR.open(film, EVERY) as (_, extraction):
        return sum([1 async for _ in extraction])


def overwritten(film: Path, *, at: float, length: int) -> Path:
    """Overwrite some bytes of the film's first packet, from this share of it on."""
    with av.open(str(film)) as container:
        first = next(container.demux(container.streams.video[0]))
        assert first.pos is not None
        place, size = first.pos + int(first.size * at), min(length, first.size)
    data = bytearray(film.read_bytes())
    data[place : place + size] = b"\xff" * size
    film.write_bytes(data)
    return film


@pytest.mark.parametrize("sound", ["aac", "flac", "pcm_s16le"])
async def test_an_avi_may_have_any_sound(tmp_path: Path, sound: str):
    film = tmp_path / "sound.avi"
    ffmpeg(*PICTURE, "-f", "lavfi", "-i", "sine=d=4", "-c:v", "mpeg4", "-c:a", sound, film)
    assert await count_of(film) == 100


async def test_damage_to_the_first_picture_is_damage_and_no_missing_beginning(tmp_path: Path):
    film = tmp_path / "damaged.mov"
    ffmpeg(*PICTURE, "-c:v", "prores_ks", film)
    with pytest.raises(ProcessingError) as caught:
        await count_of(overwritten(film, at=0.0, length=4000))
    assert caught.value.failure is FailureCode.CORRUPT_VIDEO


@pytest.mark.parametrize("name", ["hole.mp4", "hole.mkv", "hole.flv"])
async def test_a_hole_in_the_first_picture_is_damage(tmp_path: Path, name: str):
    film = tmp_path / name
    ffmpeg(*PICTURE, "-c:v", "libx264", "-g", "25", "-pix_fmt", "yuv420p", film)
    with pytest.raises(ProcessingError, match=r"its picture at 0\.000 s"):
        await count_of(overwritten(film, at=0.5, length=40))


async def test_the_sound_of_another_programme_does_not_make_a_film_long(tmp_path: Path):
    film = tmp_path / "programmes.ts"
    ffmpeg(
        "-itsoffset", "30000", *PICTURE, "-f", "lavfi", "-i", "sine=d=4", "-map", "0:v", "-map", "1:a",
        "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "mp2", "-copyts", "-muxdelay", "0",
        "-program", "st=0", "-program", "st=1", film,
    )  # fmt: skip
    async with EXTRACTOR.open(film, EVERY) as (media, _):
        assert media.duration_seconds == pytest.approx(4, abs=0.1)


@pytest.mark.parametrize("name", ["absent.mp4", "absent.avi", "absent.mkv"])
async def test_a_picture_that_is_not_coded_is_no_picture_and_the_one_before_stays(tmp_path: Path, name: str):
    """Recorders write such a one where nothing has changed: ISO/IEC 14496-2, vop_coded."""
    film = tmp_path / name
    ffmpeg(*PICTURE, "-c:v", "mpeg4", "-g", "25", "-q:v", "4", film)
    with av.open(str(film)) as container:
        packets = [p for p in container.demux(container.streams.video[0]) if p.size]
        absent = bytes(packets[30])
    data = film.read_bytes()
    place = data.index(absent)
    # Of 25 pictures a second the time takes five bits: type, seconds, marker, time, marker, and that it is not coded.
    bits = int.from_bytes(absent[4:6], "big")
    assert bits >> 14 == 1  # Predicted from the one before.
    assert bits >> 5 & 1  # Coded.
    film.write_bytes(data[: place + 4] + (bits & ~(1 << 5)).to_bytes(2, "big") + data[place + 6 :])
    options = ExtractionOptions(FrameSelection(SelectionKind.TIMESTAMPS, timestamps=(1.16, 1.2, 1.24)), max_width=64)
    async with EXTRACTOR.open(film, options) as (_, extraction):
        assert [frame.number for frame in [f async for f in extraction]] == [29, 30]
    assert await count_of(film) == 99
