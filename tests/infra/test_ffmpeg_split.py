import struct
import subprocess
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.options import ImageFormat
from app.infra.ffmpeg.split import BrokenStream, Splitter, picture_size
from tests.clips import FFMPEG

pytestmark = pytest.mark.slow


def jpeg_part(data: bytes) -> bytes:
    return b"--ffmpeg\r\nContent-type: image/jpeg\r\nContent-length: %d\r\n\r\n%s\r\n" % (len(data), data)


def png(data: bytes) -> bytes:
    chunks = [(b"IHDR", bytes(13)), *((b"IDAT", data[n : n + 50]) for n in range(0, len(data), 50)), (b"IEND", b"")]
    packed = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def webp(data: bytes) -> bytes:
    even = data + bytes(len(data) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(even)) + b"WEBP" + even


def itself(data: bytes) -> bytes:
    return data


MAKE = {
    ImageFormat.JPEG: (itself, jpeg_part),
    ImageFormat.PNG: (png, png),
    ImageFormat.WEBP: (webp, webp),
}


@pytest.mark.parametrize("image_format", ImageFormat)
@given(
    pictures=st.lists(st.binary(min_size=1, max_size=400), max_size=6),
    cuts=st.lists(st.integers(0, 3000), max_size=12),
)
def test_pictures_come_out_whole_however_the_stream_is_cut(
    image_format: ImageFormat, pictures: list[bytes], cuts: list[int]
):
    # Data that looks like the frame around it must not confuse.
    pictures = [*pictures, b"\r\n--ffmpeg\r\nContent-length: 1\r\n\r\nIEND\x89PNG\r\n\x1a\nRIFF"]
    picture, framed = MAKE[image_format]
    stream = b"".join(framed(data) for data in pictures)
    splitter = Splitter(image_format, 10_000)
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    found = [whole for start, end in pairwise(places) for whole in splitter.feed(stream[start:end])]
    assert found == [picture(data) for data in pictures]


@pytest.mark.parametrize("image_format", ImageFormat)
def test_what_is_no_picture_is_refused(image_format: ImageFormat):
    with pytest.raises(BrokenStream):
        list(Splitter(image_format, 10_000).feed(b"<html>" * 200))


@pytest.mark.parametrize("length", [b"-1", b"-300", b"+5", b"1_0", b"", b"five", b"\xb2"])
def test_a_length_that_the_muxer_never_writes_is_refused(length: bytes):
    stream = b"--ffmpeg\r\nContent-type: image/jpeg\r\nContent-length: %s\r\n\r\n" % length
    with pytest.raises(BrokenStream):
        list(Splitter(ImageFormat.JPEG, 10_000).feed(stream + bytes(500)))


@pytest.mark.parametrize("image_format", ImageFormat)
def test_a_picture_beyond_all_bounds_is_refused_before_it_is_held(image_format: ImageFormat):
    _, framed = MAKE[image_format]
    with pytest.raises(BrokenStream):
        list(Splitter(image_format, 1000).feed(framed(bytes(5000))[:2500]))


@pytest.mark.parametrize("image_format", ImageFormat)
def test_a_picture_that_never_ended_is_none(image_format: ImageFormat):
    _, framed = MAKE[image_format]
    splitter = Splitter(image_format, 10_000)
    assert len(list(splitter.feed(framed(bytes(500)) + framed(bytes(500))[:300]))) == 1


# ---------------------------------------------------------------- sizes


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (97, 61), (640, 360), (1023, 16)])
@pytest.mark.parametrize(
    ("image_format", "encoding"),
    [
        (ImageFormat.JPEG, ("-c:v", "mjpeg", "-f", "image2pipe")),
        (ImageFormat.JPEG, ("-c:v", "mjpeg", "-huffman", "optimal", "-pix_fmt", "yuvj444p", "-f", "image2pipe")),
        (ImageFormat.PNG, ("-c:v", "png", "-f", "image2pipe")),
        (ImageFormat.PNG, ("-c:v", "png", "-pix_fmt", "rgba64be", "-f", "image2pipe")),
        (ImageFormat.WEBP, ("-c:v", "libwebp", "-pix_fmt", "yuv420p", "-f", "image2pipe")),
        (ImageFormat.WEBP, ("-c:v", "libwebp", "-lossless", "1", "-pix_fmt", "bgra", "-f", "image2pipe")),
        (ImageFormat.WEBP, ("-c:v", "libwebp", "-pix_fmt", "yuva420p", "-f", "image2pipe")),
    ],
)
def test_an_encoded_picture_tells_its_size(size: tuple[int, int], image_format: ImageFormat, encoding: tuple[str, ...]):
    source = f"color=c=red@0.5:s={size[0]}x{size[1]}:d=0.04,format=rgba"
    command = [FFMPEG, "-v", "error", "-f", "lavfi", "-i", source, "-frames:v", "1", *encoding, "pipe:1"]
    data = subprocess.run(command, check=True, capture_output=True).stdout
    assert picture_size(image_format, data) == size


@pytest.mark.parametrize("image_format", ImageFormat)
@given(data=st.binary(max_size=64))
def test_what_tells_no_size_is_refused(image_format: ImageFormat, data: bytes):
    """A broken picture of ours would be a fault of ours, and must be told from all else."""
    signature = {ImageFormat.JPEG: b"\xff\xd8", ImageFormat.PNG: b"\x89PNG", ImageFormat.WEBP: b"RIFF"}[image_format]
    try:
        width, height = picture_size(image_format, signature + data)
    except BrokenStream:
        return
    assert width >= 0
    assert height >= 0
