"""Which films are read in spite of something odd in them, and which fail, with a sentence that names what is wrong.

Docs: FRAMES, "When it has failed".
"""

import random
import re
import struct
import subprocess
from itertools import accumulate
from pathlib import Path
from typing import Final

import pytest

from app.domain.errors import ProcessingError
from app.domain.failure import ENCRYPTED, JOINED, FailureCode
from app.domain.options import ExtractionOptions, ImageFormat
from app.usecases.faults import said_by
from tests.clips import FFMPEG, Clips, ffmpeg
from tests.extracting import EVERY_PICTURE, a_second, at, every_nth, refusal_of, take
from tests.films import VP8, VP9, X264, Films

pytestmark = pytest.mark.slow

PNG: Final = ImageFormat.PNG
MJPEG: Final = ("-c:v", "mjpeg", "-q:v", "3")
MPEG2: Final = ("-c:v", "mpeg2video", "-q:v", "3")
MPEG4: Final = ("-c:v", "mpeg4", "-q:v", "3")


# ---------------------------------------------------------------- odd, and whole

CAMERA: Final = "086f3693-b7b4-4f2c-9653-21492feee5b8"


@pytest.mark.parametrize("name", ["odd.mp4", "odd.mkv", "odd.ts", "odd.flv"])
async def test_a_message_that_is_cut_short_harms_no_picture(films: Films, name: str):
    """As a camera writes them: a user data SEI every ten pictures, which says that it is longer than it is."""
    film = films.numbered(
        f"whole_{name}", 50, 25, *X264, "-bf", "0", "-g", "10", "-sc_threshold", "0",
        "-bsf:v", f"h264_metadata=sei_user_data={CAMERA}+camera",
    )  # fmt: skip
    own = b"\x06\x05\x17" + bytes.fromhex(CAMERA.replace("-", ""))
    data = film.read_bytes()
    assert data.count(own) >= 4  # MPEG-TS may part one.
    odd = films.written(name, data.replace(own, b"\x06\x05\xf0" + own[3:]))
    assert (await take(odd, EVERY_PICTURE)).numbers == list(range(50))


async def test_odd_application_fields_of_motion_jpeg_harm_no_picture(films: Films):
    """AVI1 and other fields with lengths that mean nothing inside."""
    film = films.numbered("whole_mjpeg.avi", 50, 25, *MJPEG)
    data = film.read_bytes()
    comment = b"\xff\xfe\x00\x0fLavc"
    assert data.count(comment) == 50
    for field in (b"\xff\xe0\x00\x0fAVI1", b"\xff\xe1\x00\x0fExif", b"\xff\xe2\x00\x0fMPF\x00"):
        odd = films.written("odd_mjpeg.avi", data.replace(comment, field))
        assert (await take(odd, EVERY_PICTURE)).numbers == list(range(50))


@pytest.mark.parametrize("name", ["stray.ts", "stray.mp4", "stray.mkv"])
async def test_a_stray_parameter_set_harms_no_picture(films: Films, name: str):
    """A picture parameter set that no picture needs, and that names a sequence parameter set that there is not."""
    film = films.numbered("stray.h264", 50, 25, *X264, "-bf", "0", "-g", "10")
    stray = b"\x00\x00\x00\x01\x68\x1d\x9e\x0f\x2c\x8b"
    data = film.read_bytes()
    delimited = data.replace(b"\x00\x00\x00\x01\x67", stray + b"\x00\x00\x00\x01\x67")
    assert len(delimited) > len(data)
    odd = films.copied(
        name, films.written("stray_inside.h264", delimited), "-bsf:v", "setts=ts=N/25/TB:duration=1/25/TB"
    )
    assert (await take(odd, EVERY_PICTURE)).numbers == list(range(50))


@pytest.mark.parametrize("size", [0, 1000, 2**31, 2**32 - 1])
async def test_a_wrong_size_in_a_riff_header_harms_no_picture(films: Films, size: int):
    """As recorders leave it that were switched off, or whose file outgrew what they count."""
    data = bytearray(films.numbered("whole_mpeg4.avi", 50, 25, *MPEG4).read_bytes())
    struct.pack_into("<I", data, 4, size)
    odd = films.written(f"riff_{size}.avi", bytes(data))
    assert (await take(odd, EVERY_PICTURE)).numbers == list(range(50))


@pytest.mark.parametrize("encoding", [(*X264, "-g", "25", "-sc_threshold", "0"), (*MPEG2, "-g", "25")])
@pytest.mark.parametrize("share", [0.3, 0.45])
async def test_a_recording_that_starts_before_its_first_key_picture_begins_with_that(
    films: Films, encoding: tuple[str, ...], share: float
):
    """As a receiver writes it, from the middle of a programme: cut at any packet."""
    film = films.numbered(f"programme_{encoding[1]}.ts", 100, 25, *encoding)
    data = film.read_bytes()
    cut = films.written(f"cut_{share}_{encoding[1]}.ts", data[int(len(data) * share) // 188 * 188 :])
    numbers = (await take(cut, EVERY_PICTURE)).numbers
    assert numbers
    assert numbers == list(range(numbers[0], 100))
    assert numbers[0] < 51


@pytest.mark.parametrize("name", ["late.mkv", "late.ts", "late.mp4", "late.flv"])
async def test_a_film_cut_out_of_a_long_one_begins_at_zero(films: Films, name: str):
    """Its times begin at ten hours, longer than any film may be."""
    film = films.numbered("late_film.mp4", 100, 25, *X264)
    late = films.copied(name, film, "-output_ts_offset", "36000")
    taken = await take(late, EVERY_PICTURE)
    assert taken.numbers == list(range(100))
    assert taken.times == pytest.approx([number / 25 for number in range(100)], abs=0.001)
    assert taken.media.duration_seconds == pytest.approx(4, abs=0.02)


async def test_damage_in_packets_that_no_planned_picture_needs_harms_none(films: Films):
    film = films.numbered("long.mp4", 250, 25, *X264, "-g", "25", "-sc_threshold", "0", "-bf", "0")
    damaged = films.written("damaged.mp4", with_damage(film, 40, 41, 90))  # In the middle of their groups of pictures.
    assert (await take(damaged, every_nth(25))).numbers == list(range(0, 250, 25))
    code, sentence = await refusal_of(damaged, EVERY_PICTURE)
    assert code is FailureCode.CORRUPT_VIDEO
    assert " 1.600 s " in sentence


async def test_what_the_decoder_said_last_of_a_film_that_fails_is_known_with_its_failure(films: Films):
    film = films.numbered("long.mp4", 250, 25, *X264, "-g", "25", "-sc_threshold", "0", "-bf", "0")
    with pytest.raises(ProcessingError) as failed:
        await take(films.written("damaged.mp4", with_damage(film, 40, 41, 90)), EVERY_PICTURE)
    assert "h264" in said_by(failed.value)


@pytest.mark.parametrize("encoding", [(*X264, "-bf", "2"), (*MPEG2, "-bf", "2"), (*MPEG2, "-bf", "0")])
async def test_a_glitch_of_the_reception_harms_only_the_pictures_of_its_group(films: Films, encoding: tuple[str, ...]):
    """A whole picture is lost between two packets of a transport stream, of which only their counters tell."""
    regular = (*encoding, "-g", "25", "-sc_threshold", "1000000000")
    film = films.numbered(f"received_{encoding[1]}_{encoding[-1]}.ts", 200, 25, *regular)
    data = film.read_bytes()
    starts = [place for place in range(0, len(data), 188) if data[place + 1] & 0x5F == 0x41 and data[place + 2] == 0]
    assert len(starts) == 200  # Of pictures: the beginnings of packets of the first elementary stream.
    lossy = films.written("lossy.ts", data[: starts[90]] + data[starts[91] :])
    assert (await take(lossy, at(1, 2, 5))).numbers == [25, 50, 125]
    for choice in (EVERY_PICTURE, at(3.8)):
        code, sentence = await refusal_of(lossy, choice)
        assert code is FailureCode.CORRUPT_VIDEO
        assert 3.4 <= float(sentence.partition(" at ")[2].partition(" s ")[0]) <= 3.8


def packets_of(film: Path) -> list[bytes]:
    """Ask plain ffmpeg for what is in each packet."""
    asked = ("-i", film, "-map", "0:v:0", "-c", "copy", "-f")
    sizes = [int(line.split(",")[4]) for line in ffmpeg(*asked, "framecrc", "-").splitlines() if line[0] != "#"]
    command = [FFMPEG, "-v", "error", *map(str, asked), "data", "pipe:1"]
    content = subprocess.run(command, check=True, capture_output=True).stdout
    ends = list(accumulate(sizes))
    assert ends[-1] == len(content)
    return [content[end - size : end] for end, size in zip(ends, sizes, strict=True)]


def with_damage(film: Path, *numbers: int) -> bytes:
    """Overwrite the middle of these packets at random, as far as it lies in one piece: MPEG-TS parts packets."""
    data, packets, dice = bytearray(film.read_bytes()), packets_of(film), random.Random(1)
    for number in numbers:
        packet = packets[number]
        about = len(data) * sum(map(len, packets[:number])) // sum(map(len, packets))
        length = min(len(packet) * 2 // 3, 100)
        pieces = [packet[start : start + length] for start in range(len(packet) // 4, len(packet) - length + 1)]
        places = [match.start() for piece in pieces for match in re.finditer(re.escape(piece), data)]
        place = min(places, key=lambda found: abs(found - about))
        data[place : place + length] = dice.randbytes(length)
    return bytes(data)


# ---------------------------------------------------------------- joined


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("24.webm", VP8),
        ("24.mkv", X264),
        ("24.mp4", X264),
        ("24_fragmented.mp4", (*X264, "-movflags", "+frag_keyframe+empty_moov")),
        ("24.avi", MPEG4),
        ("24.ts", X264),
        ("24.mpg", MPEG2),
        ("24.flv", X264),
        ("24.wmv", ("-c:v", "wmv2", "-q:v", "3")),
        ("24.ogv", ("-c:v", "libtheora", "-q:v", "8")),
    ],
)
async def test_two_films_joined_by_cat_are_taken_whole_or_said_to_be_joined(
    films: Films, name: str, encoding: tuple[str, ...]
):
    first = films.numbered(f"first_{name}", 96, 24, *encoding, "-g", "24")
    second = films.numbered(f"second_{name}", 96, 24, *encoding, "-g", "24", first=500)
    joined = films.written(f"joined_{name}", first.read_bytes() + second.read_bytes())
    try:
        taken = await take(joined, EVERY_PICTURE)
    except ProcessingError as error:
        assert (error.failure, error.message) == (FailureCode.CORRUPT_VIDEO, JOINED)
        assert await refusal_of(joined, a_second(5)) == (FailureCode.CORRUPT_VIDEO, JOINED)
    else:
        assert taken.numbers == [*range(96), *range(500, 596)]
        sparse = (await take(joined, a_second(5))).numbers
        assert len(sparse) == 40
        assert (min(sparse), max(sparse)) == (0, 591)


# ---------------------------------------------------------------- refused, with the right sentence


@pytest.mark.parametrize(
    ("name", "more"), [("cenc.mp4", ()), ("cenc_fragmented.mp4", ("-movflags", "+frag_keyframe+empty_moov"))]
)
async def test_an_encrypted_film_is_called_encrypted(films: Films, name: str, more: tuple[str, ...]):
    film = films.numbered("open.mp4", 50, 25, *X264)
    protected = films.copied(
        name, film, "-encryption_scheme", "cenc-aes-ctr",
        "-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb", "-encryption_kid", "a7e61c373e219033c21091fa607bf3b8",
        *more,
    )  # fmt: skip
    assert await refusal_of(protected) == (FailureCode.UNSUPPORTED_FORMAT, ENCRYPTED)


@pytest.mark.parametrize(
    ("name", "encoding", "called"),
    [
        ("other.mov", ("-c:v", "jpegls"), "JPEGLS"),
        ("other.avi", ("-c:v", "asv1"), "ASV1"),
        ("other.mkv", ("-c:v", "snow", "-strict", "-2"), "SNOW"),
        ("other.ts", ("-c:v", "vc2", "-pix_fmt", "yuv420p"), "Dirac"),
    ],
)
async def test_a_codec_that_is_not_decoded_is_named(films: Films, name: str, encoding: tuple[str, ...], called: str):
    code, sentence = await refusal_of(films.numbered(name, 5, 25, *encoding))
    assert code is FailureCode.UNSUPPORTED_FORMAT
    assert called in sentence
    assert "H.264" in sentence  # What is accepted instead.


@pytest.mark.parametrize("name", ["other.nut", "other.gif", "other.mxf"])
async def test_a_container_that_is_not_read_is_told_what_is(films: Films, name: str):
    encoding = MPEG2 if name.endswith("mxf") else () if name.endswith("gif") else MPEG4
    code, sentence = await refusal_of(films.numbered(name, 5, 25, *encoding))
    assert code is FailureCode.UNSUPPORTED_FORMAT
    assert "MP4" in sentence


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("damaged.mkv", (*X264, "-g", "50")),
        ("damaged.mov", ("-c:v", "prores_ks")),
        ("damaged.ts", (*MPEG2, "-g", "50")),
        ("damaged.avi", ("-c:v", "ffv1", "-level", "3")),
    ],
)
async def test_a_damaged_film_is_said_to_be_so_and_at_which_time(films: Films, name: str, encoding: tuple[str, ...]):
    film = films.numbered(f"before_{name}", 50, 25, *encoding)
    code, sentence = await refusal_of(films.written(name, with_damage(film, 20)), EVERY_PICTURE)
    assert code is FailureCode.CORRUPT_VIDEO
    seconds = float(sentence.partition(" at ")[2].partition(" s ")[0])
    assert 0.6 <= seconds <= 1.2


async def test_a_time_beyond_the_end_is_told_how_long_the_film_is(clips: Clips):
    code, sentence = await refusal_of(clips.bikes, at(11, 12))
    assert code is FailureCode.NO_FRAMES
    assert "10 s long" in sentence
    code, sentence = await refusal_of(clips.bikes, ExtractionOptions(start_seconds=10))
    assert code is FailureCode.NO_FRAMES
    assert "10 s long" in sentence


# ---------------------------------------------------------------- headers that lie about the duration


@pytest.mark.parametrize("said", [0.5, 3600.0, 1e12])
async def test_the_packets_decide_how_long_a_film_is(films: Films, said: float):
    data = bytearray(films.numbered("honest.mkv", 100, 25, *VP9).read_bytes())
    place = data.index(b"\x44\x89\x88") + 3  # The element Duration, eight bytes long.
    struct.pack_into(">d", data, place, said * 1000)
    lying = films.written(f"lying_{said}.mkv", bytes(data))
    taken = await take(lying, a_second(1))
    assert taken.numbers == [0, 25, 50, 75]
    assert taken.media.duration_seconds == pytest.approx(4, abs=0.05)


async def test_a_lying_movie_header_changes_nothing(films: Films):
    data = bytearray(films.numbered("honest.mp4", 100, 25, *X264).read_bytes())
    for box, skipped in ((b"mvhd", 20), (b"mdhd", 20), (b"tkhd", 24)):
        struct.pack_into(">I", data, data.index(box) + skipped, 3_600_000)
    lying = films.written("lying.mp4", bytes(data))
    taken = await take(lying, a_second(1))
    assert taken.numbers == [0, 25, 50, 75]
    assert taken.media.duration_seconds == pytest.approx(4, abs=0.05)
