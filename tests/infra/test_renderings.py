"""Previews and contact sheets of real pictures, by the real decoder, confined and all."""

import hashlib
import random
import re
import struct
import subprocess
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.domain.frame import ArchivedFrame
from app.domain.frames_export import ExportKind
from app.domain.options import ExtractionOptions, ImageFormat
from app.domain.video import FramesArchive, VideoProcessing
from app.infra.ffmpeg.limits import Limits
from app.infra.ffmpeg.renderings import FfmpegFramesRenderer
from app.infra.pdf import Tile, contact_sheet
from app.infra.workspace import Workspace
from app.usecases.ports.frames_exports import ChosenPicture
from tests.clips import FFMPEG
from tests.films import SIZE, decoded, numbers, picture
from tests.parts.videos import a_video, new_owner
from tests.parts.wired import shipped

_ENCODERS = {
    ImageFormat.JPEG: ("mjpeg", "-q:v", "2"),
    ImageFormat.PNG: ("png",),
    ImageFormat.WEBP: ("libwebp", "-quality", "95"),
}


def encoded(raw: bytes, size: tuple[int, int], image_format: ImageFormat, pixels: str = "rgb24") -> bytes:
    """Encode one picture, by plain ffmpeg."""
    command = [
        FFMPEG, "-v", "error", "-f", "rawvideo", "-pix_fmt", pixels, "-s", f"{size[0]}x{size[1]}", "-i", "pipe:0",
        "-c:v", *_ENCODERS[image_format], "-f", "image2pipe", "pipe:1",
    ]  # fmt: skip
    return subprocess.run(command, check=True, capture_output=True, input=raw).stdout


def stored(number: int, image_format: ImageFormat, size: tuple[int, int] = SIZE) -> ChosenPicture:
    """Return a picture that says its number, as the second of its place."""
    data = encoded(picture(number, size), size, image_format)
    digest = hashlib.sha256(data).hexdigest()
    frame = ArchivedFrame(number + 1, number, number, number + 1, number, number * 1000, *size, 100, len(data), digest)
    return ChosenPicture(frame, data)


def of_format(image_format: ImageFormat, count: int = 1000) -> VideoProcessing:
    archive = FramesArchive("a.zip", 10**6, "0" * 64, count)
    return a_video(new_owner(), options=ExtractionOptions(format=image_format), archive=archive)


async def rendered(
    kind: ExportKind, pictures: Sequence[ChosenPicture], folder: Path, image_format: ImageFormat = ImageFormat.JPEG
) -> bytes:
    async def given() -> AsyncIterator[ChosenPicture]:
        for one in pictures:
            yield one

    render = FfmpegFramesRenderer(Limits.of(shipped()), None, Workspace(folder))
    return await render(kind, of_format(image_format), given())


def of_animation(data: bytes, demuxer: str) -> list[int]:
    """The numbers that an animation's pictures say, by plain ffmpeg."""
    command = [
        FFMPEG, "-v", "error", "-f", demuxer, "-ignore_loop", "1", "-i", "pipe:0", "-fps_mode", "passthrough",
        "-f", "image2pipe", "-c:v", "png", "pipe:1",
    ]  # fmt: skip
    made = subprocess.run(command, check=True, capture_output=True, input=data).stdout
    return numbers([b"\x89PNG" + one for one in made.split(b"\x89PNG")[1:]])


def webp_delays(data: bytes) -> list[int]:
    """Milliseconds for each picture of an animation (RFC 9649, section 2.7.1.1)."""
    assert (data[:4], data[8:12], data[12:16]) == (b"RIFF", b"WEBP", b"VP8X")
    delays, at = [], 12
    while at < len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        if kind == b"ANMF":
            delays.append(int.from_bytes(data[at + 8 + 12 : at + 8 + 15], "little"))
        if kind == b"ANIM":
            assert struct.unpack_from("<H", data, at + 12) == (0,)  # For ever.
        at += 8 + size + size % 2
    return delays


def gif_delays(data: bytes) -> list[int]:
    """Hundredths of a second for each picture (GIF89a, section 23)."""
    assert data[:6] == b"GIF89a"
    assert b"NETSCAPE2.0" in data
    return [int.from_bytes(found[1], "little") for found in re.finditer(rb"\x21\xf9\x04.(..).\x00", data, re.DOTALL)]


@pytest.mark.parametrize("image_format", list(ImageFormat))
@pytest.mark.parametrize("kind", [ExportKind.PREVIEW_WEBP, ExportKind.PREVIEW_GIF])
async def test_a_preview_shows_its_pictures_in_their_order(tmp_path: Path, kind: ExportKind, image_format: ImageFormat):
    wanted = [3, 1000, 77, 4095, 5]
    data = await rendered(kind, [stored(number, image_format) for number in wanted], tmp_path, image_format)
    assert of_animation(data, "webp_anim" if kind is ExportKind.PREVIEW_WEBP else "gif") == wanted


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2, 13, 48])
async def test_a_preview_lasts_no_longer_than_six_seconds_and_no_picture_longer_than_half_of_one(
    tmp_path: Path, count: int
):
    pictures = [stored(number, ImageFormat.JPEG) for number in range(count)]
    webp = await rendered(ExportKind.PREVIEW_WEBP, pictures, tmp_path)
    gif = gif_delays(await rendered(ExportKind.PREVIEW_GIF, pictures, tmp_path))
    delay = min(50, 600 // count)
    assert gif == [delay] * count
    if count > 1:  # One picture is a still one.
        assert webp_delays(webp) == [10 * delay] * count
    assert delay * count <= 600


async def test_pictures_of_a_film_that_changes_its_size_are_fitted_into_the_first(tmp_path: Path):
    pictures = [stored(1, ImageFormat.JPEG), stored(2, ImageFormat.JPEG, (96, 128)), stored(3, ImageFormat.JPEG)]
    data = await rendered(ExportKind.PREVIEW_WEBP, pictures, tmp_path)
    assert struct.unpack("<II", data[24:27] + b"\0" + data[27:30] + b"\0") == (SIZE[0] - 1, SIZE[1] - 1)
    assert len(webp_delays(data)) == 3


async def test_what_is_transparent_lies_on_white(tmp_path: Path):
    clear = encoded(b"\x20\x40\xff\x00" * 64 * 64, (64, 64), ImageFormat.PNG, "rgba")
    one = stored(0, ImageFormat.PNG)
    seen = replace(one, data=clear, frame=replace(one.frame, width=64, height=64))
    (jpeg,) = jpegs_of(await rendered(ExportKind.CONTACT_SHEET_PDF, [seen], tmp_path, ImageFormat.PNG))
    assert min(decoded([jpeg], ImageFormat.JPEG, "format=gray")) > 250


async def test_a_picture_that_is_none_fails_with_a_code(tmp_path: Path):
    good, bad = stored(1, ImageFormat.JPEG), replace(stored(2, ImageFormat.JPEG), data=b"\xff\xd8 no picture" * 50)
    with pytest.raises(ProcessingError) as failed:
        await rendered(ExportKind.PREVIEW_WEBP, [good, bad, good], tmp_path)
    assert failed.value.failure is FailureCode.CORRUPT_VIDEO


@pytest.mark.slow
async def test_many_large_pictures_are_made_small_a_few_at_a_time(tmp_path: Path):
    """More than are in memory at once: as many come out, in their order. Below their numbers they are noise."""
    size, wanted = (2400, 1800), [1, 2, 3, 4, 5]
    numbered = 3 * size[0] * (size[1] // 3)
    pictures = []
    for number in wanted:
        raw = picture(number, size)[:numbered] + random.Random(number).randbytes(3 * size[0] * size[1] - numbered)
        one = stored(number, ImageFormat.PNG)
        pictures.append(replace(one, data=encoded(raw, size, ImageFormat.PNG)))
    assert sum(len(one.data) for one in pictures) > 40 * 1024**2
    data = await rendered(ExportKind.PREVIEW_GIF, pictures, tmp_path, ImageFormat.PNG)
    assert of_animation(data, "gif") == wanted


def objects_of(pdf: bytes) -> dict[int, bytes]:
    """Read a document as its table says (ISO 32000-1, 7.5.4): each object where it must begin."""
    assert pdf.startswith(b"%PDF-1.4\n")
    (begins_at,) = re.findall(rb"startxref\n(\d+)\n%%EOF\n$", pdf)
    table = pdf[int(begins_at) :]
    head = re.match(rb"xref\n0 (\d+)\n0000000000 65535 f \n", table)
    assert head is not None
    count = int(head[1])
    lines = [table[head.end() + 20 * at : head.end() + 20 * (at + 1)] for at in range(count - 1)]
    places = [int(line[:10]) for line in lines]
    assert all(line[10:] == b" 00000 n \n" for line in lines)
    found = {}
    for number, place in enumerate(places, start=1):
        assert pdf[place:].startswith(b"%d 0 obj\n" % number)
        found[number] = pdf[place : pdf.index(b"\nendobj\n", place)]
    ordered = sorted(places)
    assert all(pdf[later - 7 : later] == b"endobj\n" for _, later in pairwise([0, *ordered[1:]]))
    return found


def streams_of(pdf: bytes) -> dict[int, bytes]:
    streams = {}
    for number, body in objects_of(pdf).items():
        if (length := re.search(rb"/Length (\d+) >>\nstream\n", body)) is not None:
            data = body[length.end() : length.end() + int(length[1])]
            assert body[length.end() + int(length[1]) :] == b"\nendstream"
            streams[number] = data
    return streams


def jpegs_of(pdf: bytes) -> list[bytes]:
    return [data for data in streams_of(pdf).values() if data.startswith(b"\xff\xd8")]


def texts_of(pdf: bytes) -> list[str]:
    drawn = b"\n".join(data for data in streams_of(pdf).values() if data.startswith(b"BT"))
    return [bytes.fromhex(found.decode()).decode("cp1252") for found in re.findall(rb"<([0-9a-f]*)> Tj", drawn)]


@pytest.mark.parametrize("image_format", list(ImageFormat))
async def test_a_contact_sheet_has_each_picture_with_its_place_and_its_time(tmp_path: Path, image_format: ImageFormat):
    wanted = [0, 1, 59, 61, 3725]
    data = await rendered(
        ExportKind.CONTACT_SHEET_PDF, [stored(number, image_format) for number in wanted], tmp_path, image_format
    )
    assert numbers(jpegs_of(data), ImageFormat.JPEG) == wanted
    title, subtitle, *captions = texts_of(data)
    assert (title, subtitle) == ("férias.mp4", "5 / 1000  -  1/1")
    assert captions == [
        "1   00:00:00.000",
        "2   00:00:01.000",
        "60   00:00:59.000",
        "62   00:01:01.000",
        "3726   01:02:05.000",
    ]


@pytest.mark.parametrize(("size", "rows"), [((1920, 1080), 8), ((1080, 1920), 3), ((400, 4000), 2), ((4000, 100), 30)])
def test_pages_are_filled_and_nothing_is_drawn_outside_of_one(size: tuple[int, int], rows: int):
    jpeg = b"\xff\xd8 a picture"
    tiles = [Tile(jpeg, *size, f"{number}") for number in range(1, 4 * rows + 2)]
    data = contact_sheet("日本.mp4", "all", tiles)
    assert data.count(b"/Type /Page ") == 2
    assert "日本.mp4".encode("utf-16-be").hex().encode() in data
    for drawn in streams_of(data).values():
        for wide, high, x, y in re.findall(rb"q ([\d.]+) 0 0 ([\d.]+) ([\d.-]+) ([\d.-]+) cm", drawn):
            assert float(x) >= 36
            assert float(x) + float(wide) <= 595 - 35.9
            assert float(y) >= 36
            assert float(y) + float(high) <= 842 - 36
            assert abs(float(wide) / float(high) - size[0] / size[1]) / (size[0] / size[1]) < 0.02
