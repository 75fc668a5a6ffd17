"""Films with damage inside the file: what a container can tell is missing is never passed over without a word.

Docs: frames, "When a video fails". The pictures carry their numbers, so nobody needs to be asked what is right.
"""

import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

import av
import pytest

from app.domain.errors import ProcessingError
from app.domain.failure import JOINED, FailureCode
from tests.extracting import EVERY_PICTURE, KEY_PICTURES, at, every_nth, refusal_of, take
from tests.films import QUIET, VP8, VP9, X264, X265, Films

pytestmark = pytest.mark.slow

COUNT: Final = 100
GROUPS: Final = ("-g", "12", "-sc_threshold", "1000000000")
MPEG2: Final = ("-c:v", "mpeg2video", "-q:v", "4", "-bf", "2", *GROUPS)
LIVE: Final = ("-f", "webm", "-live", "1", "-cluster_time_limit", "1000")
FILMS: Final = {
    "within.mkv": (*X264, *GROUPS),
    "within.webm": (*VP8, "-g", "12"),
    "within_live.webm": (*VP9, "-g", "12", *LIVE),
    "within.ogv": ("-c:v", "libtheora", "-q:v", "7", "-g", "16"),
    "within.flv": (*X264, *GROUPS),
    "within_fragmented.mp4": (*X264, *GROUPS, "-movflags", "+frag_keyframe+empty_moov"),
    "within.wmv": ("-c:v", "wmv2", "-q:v", "4", *GROUPS),
    "within.avi": ("-c:v", "cinepak", "-g", "12"),
    "within_mjpeg.avi": ("-c:v", "mjpeg", "-q:v", "4"),
    "within.ts": (*X264, *GROUPS),
    "within.mpg": MPEG2,
}


def film_of(films: Films, name: str) -> Path:
    return films.numbered(name, COUNT, 25, *FILMS[name])


def overwritten(data: bytes, dice: random.Random) -> bytes:
    start, size = dice.randrange(len(data) // 4, len(data) // 2), max(1000, len(data) // 10)
    return data[:start] + dice.choice((bytes(size), dice.randbytes(size))) + data[start + size :]


def cut_out(data: bytes, dice: random.Random) -> bytes:
    start, size = dice.randrange(len(data) // 4, len(data) // 2), max(1000, len(data) // 10)
    return data[:start] + data[start + size :]


@pytest.mark.parametrize("damage", [overwritten, cut_out])
@pytest.mark.parametrize("name", FILMS)
async def test_what_is_missing_in_the_middle_is_told(
    films: Films, name: str, damage: Callable[[bytes, random.Random], bytes]
):
    data = film_of(films, name).read_bytes()
    damaged = films.written(f"damaged_{name}", damage(data, random.Random(name)))
    code, sentence = await refusal_of(damaged, EVERY_PICTURE)
    assert code is FailureCode.CORRUPT_VIDEO
    assert "damaged" in sentence


async def test_pictures_far_from_what_is_missing_are_given_and_those_beside_it_are_not(films: Films):
    data = film_of(films, "within_live.webm").read_bytes()
    clusters = [place for place in range(len(data)) if data.startswith(b"\x1f\x43\xb6\x75", place)]
    assert len(clusters) >= 4
    holed = films.written("holed.webm", data[: clusters[1]] + bytes(500) + data[clusters[2] :])
    assert (await take(holed, at(0.2, 3.5))).numbers == [5, 87]
    for choice in (at(1.2), every_nth(50), KEY_PICTURES):  # What is counted, or taken completely, cannot be had.
        code, sentence = await refusal_of(holed, choice)
        assert code is FailureCode.CORRUPT_VIDEO
        assert "some of it is missing" in sentence
        assert float(sentence.partition(" at ")[2].partition(" s ")[0]) == pytest.approx(0.96, abs=0.05)


async def test_a_fragment_whose_head_is_overwritten_is_missed(films: Films):
    data = film_of(films, "within_fragmented.mp4").read_bytes()
    place = data.index(b"moof", len(data) // 2) - 4
    damaged = films.written("headless_fragment.mp4", data[:place] + bytes(40) + data[place + 40 :])
    code, sentence = await refusal_of(damaged, EVERY_PICTURE)
    assert code is FailureCode.CORRUPT_VIDEO
    assert "damaged" in sentence


STRAY: Final = {
    # What stands before the place at which bytes are put in that belong to nothing.
    "within_live.webm": b"\x1f\x43\xb6\x75",
    "within.ogv": b"OggS",
    "within.avi": b"00dc",
}


@pytest.mark.parametrize("name", [*STRAY, "within.flv", "within.ts"])
async def test_stray_bytes_that_lose_no_picture_harm_none(films: Films, name: str):
    data = film_of(films, name).read_bytes()
    if name.endswith("ts"):
        place = len(data) // 2 // 188 * 188
    elif name.endswith("flv"):
        with av.open(str(film_of(films, name))) as container:
            place = [packet.pos for packet in container.demux(video=0) if packet.size][50] or 0
    else:
        place = data.index(STRAY[name], len(data) // 2)
    stray = films.written(f"stray_{name}", data[:place] + bytes(300) + data[place:])
    assert (await take(stray, EVERY_PICTURE)).numbers == list(range(COUNT))


# ---------------------------------------------------------------- the first picture


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("first.mp4", (*X264, *GROUPS)),
        ("first_fragmented.mp4", (*X264, *GROUPS, "-movflags", "+frag_keyframe+empty_moov")),
        ("first.mkv", (*X264, *GROUPS)),
        ("first.webm", (*VP8, "-g", "12")),
        ("first.flv", (*X264, *GROUPS)),
    ],
)
async def test_a_first_picture_that_lost_its_mark_is_damage_and_no_late_beginning(
    films: Films, name: str, encoding: tuple[str, ...]
):
    film = films.numbered(f"whole_{name}", 50, 25, *encoding)
    with av.open(str(film)) as container:
        first = bytes(next(container.demux(video=0)))
    data = film.read_bytes()
    place = data.index(first)
    blank = bytes([first[0] | 1]) + bytes(len(first) - 1)  # In VP8 the lowest bit says that it is no key picture.
    damaged = films.written(name, data[:place] + blank + data[place + len(first) :])
    code, sentence = await refusal_of(damaged, EVERY_PICTURE)
    assert code is FailureCode.CORRUPT_VIDEO
    assert " 0.000 s " in sentence


# ---------------------------------------------------------------- an AVI's count


async def test_an_avi_with_fewer_pictures_than_header_and_index_say_is_damaged(films: Films):
    """One chunk is taken out whole, with nothing else out of place."""
    data = film_of(films, "within_mjpeg.avi").read_bytes()
    places = [place for place in range(data.index(b"movi"), data.rindex(b"idx1")) if data.startswith(b"00dc", place)]
    assert len(places) == COUNT
    lists = data.index(b"movi") - 4
    gone = places[51] - places[50]
    size = struct.pack("<I", struct.unpack_from("<I", data, lists)[0] - gone)
    fewer = data[:lists] + size + data[lists + 4 : places[50]] + data[places[51] :]
    assert (await refusal_of(films.written("fewer.avi", fewer), EVERY_PICTURE))[0] is FailureCode.CORRUPT_VIDEO


# ---------------------------------------------------------------- appended recordings


@pytest.mark.parametrize("encoding", [(*X264, "-g", "24"), MPEG2])
async def test_a_recording_that_was_appended_with_a_running_clock_is_taken_or_said_to_be_joined(
    films: Films, encoding: tuple[str, ...]
):
    first = films.numbered(f"running_{encoding[1]}.ts", 96, 24, *encoding)
    second = films.numbered(f"running_on_{encoding[1]}.ts", 96, 24, *encoding, "-output_ts_offset", "4", first=500)
    joined = films.written("running_joined.ts", first.read_bytes() + second.read_bytes())
    try:
        assert (await take(joined, EVERY_PICTURE)).numbers == [*range(96), *range(500, 596)]
    except ProcessingError as error:
        assert (error.failure, error.message) == (FailureCode.CORRUPT_VIDEO, JOINED)


# ---------------------------------------------------------------- what a decoder would not notice


async def test_hashes_of_pictures_are_checked_where_an_hevc_film_has_them(films: Films):
    """A single bit of a picture, which decodes to another picture without a complaint."""
    parameters = f"{QUIET}:hash=1:bframes=0:keyint=25"
    film = films.numbered("hashed.mp4", 50, 25, *X265, parameters)
    assert (await take(film, EVERY_PICTURE)).numbers == list(range(50))
    with av.open(str(film)) as container:
        packet = [packet for packet in container.demux(video=0) if packet.size][30]
        assert packet.pos is not None
        place = packet.pos + packet.size - 40  # Behind it there is only the hash.
    data = bytearray(film.read_bytes())
    data[place] ^= 4
    code, sentence = await refusal_of(films.written("flipped_hashed.mp4", bytes(data)), EVERY_PICTURE)
    assert code is FailureCode.CORRUPT_VIDEO
    assert " 1.200 s " in sentence
