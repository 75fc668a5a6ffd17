"""Films that were damaged on purpose: none hangs, none harms a worker, none gives a missing or a wrong picture.

Sixty of them here; ``FIAPX_MUTATIONS=300 pytest tests/infra/test_mutated_films.py`` makes as many as it says. The n-th
is always the same.
"""

import asyncio
import os
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.domain.frame import Frame
from app.domain.options import FrameSelection, ImageFormat
from tests.extracting import EVERY_PICTURE, KEY_PICTURES, a_second, at, every_nth, so_many, take
from tests.films import VP9, X264, Films, decoded, numbers_of
from tests.second_opinion import SMALL, Seen, far, second_opinion

pytestmark = pytest.mark.slow

MUTATIONS: Final = int(os.environ.get("FIAPX_MUTATIONS", "60"))
LONGEST_SECONDS: Final = 60
COUNT: Final = 50
OTHER: Final = 1000
"""The number at which the other film, of which pieces are spliced in, begins."""
SAME: Final = 24
"""How far values of two small pictures may lie apart that are the same: rounding, and edges of colours."""

HONEST: Final = frozenset(
    {
        FailureCode.CORRUPT_VIDEO,
        FailureCode.UNSUPPORTED_FORMAT,
        FailureCode.NO_VIDEO_STREAM,
        FailureCode.NO_FRAMES,
        FailureCode.TOO_LONG,
        FailureCode.TOO_MANY_FRAMES,
        FailureCode.TOO_LARGE_PICTURE,
        FailureCode.TIMED_OUT,
        FailureCode.OUT_OF_MEMORY,
    }
)
"""What may be said of such a film; that something went wrong on our side may not."""


@dataclass(frozen=True)
class Base:
    """A film to damage; ``parts`` finds where its container's pieces begin."""

    name: str
    encoding: tuple[str, ...]
    parts: re.Pattern[bytes]

    def film(self, films: Films, first: int = 0) -> Path:
        return films.numbered(f"base_{first}_{self.name}", COUNT, 25, *self.encoding, first=first)


GROUPS: Final = ("-g", "12", "-sc_threshold", "1000000000")
_BOXES: Final = re.compile(
    rb"(?s)....(?=ftyp|moo[vf]|mdat|trak|mdia|minf|stbl|stsd|st[tscz]{2}|stco|ctts|edts|traf|trun|udta|free)"
)
BASES: Final = (
    Base("film.mp4", (*X264, "-g", "12", "-bf", "2"), _BOXES),
    Base("fragmented.mp4", (*X264, "-g", "12", "-movflags", "+frag_keyframe+empty_moov"), _BOXES),
    Base(
        "film.mkv", (*X264, "-g", "12", "-bf", "2"), re.compile(rb"\x1f\x43\xb6\x75|\xa3[\x40-\xff]|\x16\x54\xae\x6b")
    ),
    Base("film.webm", (*VP9, "-g", "12"), re.compile(rb"\x1f\x43\xb6\x75|\xa3[\x40-\xff]|\x16\x54\xae\x6b")),
    Base("film.avi", ("-c:v", "mpeg4", "-q:v", "4", *GROUPS), re.compile(rb"00dc|LIST|idx1|str[hf]")),
    Base("film.ts", ("-c:v", "mpeg2video", "-q:v", "4", "-bf", "2", *GROUPS), re.compile(rb"(?s)\x47(?=.{187}\x47)")),
    Base("film.flv", (*X264, "-g", "12"), re.compile(rb"(?s)\x09(?=.{6}\x00\x00\x00)")),
    Base("film.mov", ("-c:v", "prores_ks"), _BOXES),
)


# ---------------------------------------------------------------- ways of damaging


def flip_bits(data: bytes, other: bytes, parts: re.Pattern[bytes], dice: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 8, 40))):
        changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def flip_bits_of_headers(data: bytes, other: bytes, parts: re.Pattern[bytes], dice: random.Random) -> bytes:
    """Hit within a few bytes of where a piece begins."""
    places = [match.start() for match in parts.finditer(data)]
    changed = bytearray(data)
    for _ in range(dice.choice((1, 2, 4))):
        changed[min(dice.choice(places) + dice.randrange(24), len(changed) - 1)] ^= 1 << dice.randrange(8)
    return bytes(changed)


def cut_off(data: bytes, other: bytes, parts: re.Pattern[bytes], dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data) // 20, len(data))]


def cut_out(data: bytes, other: bytes, parts: re.Pattern[bytes], dice: random.Random) -> bytes:
    start = dice.randrange(len(data))
    return data[:start] + data[start + dice.choice((1, 188, 1000, len(data) // 4)) :]


def overwrite(data: bytes, other: bytes, parts: re.Pattern[bytes], dice: random.Random) -> bytes:
    """Put zeros or noise in the place of a range, as a disk does that fails."""
    start, size = dice.randrange(len(data) // 12, len(data)), dice.choice((64, 1000, 4000, len(data) // 5))
    size = min(size, len(data) - start)
    return data[:start] + dice.choice((bytes(size), dice.randbytes(size))) + data[start + size :]


def swap(data: bytes, other: bytes, parts: re.Pattern[bytes], dice: random.Random) -> bytes:
    """Let two pieces change places."""
    places = [*(match.start() for match in parts.finditer(data)), len(data)]
    a, b, c, d = sorted(dice.choices(places, k=4))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def splice(data: bytes, other: bytes, parts: re.Pattern[bytes], dice: random.Random) -> bytes:
    """Put a piece of another film in, beside or instead of one of its own."""
    places = [*(match.start() for match in parts.finditer(data)), len(data)]
    sources = [*(match.start() for match in parts.finditer(other)), len(other)]
    start = dice.randrange(len(places) - 1)
    piece = dice.randrange(len(sources) - 1)
    stop = dice.choice((start, start + 1))
    return data[: places[start]] + other[sources[piece] : sources[piece + 1]] + data[places[stop] :]


Damage = Callable[[bytes, bytes, re.Pattern[bytes], random.Random], bytes]
DAMAGES: Final[tuple[Damage, ...]] = (flip_bits, flip_bits_of_headers, cut_off, cut_out, overwrite, swap, splice)
CHOICES: Final[tuple[FrameSelection, ...]] = (
    EVERY_PICTURE, a_second(5), KEY_PICTURES, every_nth(7), EVERY_PICTURE, so_many(6), at(0.3, 0.9, 1.7),
)  # fmt: skip


# ---------------------------------------------------------------- what must come of them


@pytest.fixture(scope="module")
def originals(films: Films) -> dict[str, dict[int, bytes]]:
    """Each picture of the films and of the others, small."""
    found = {}
    for base in BASES:
        whole, other = second_opinion(base.film(films)), second_opinion(base.film(films, OTHER))
        assert len(whole) == len(other) == COUNT
        found[base.name] = {n: s.pixels for n, s in enumerate(whole)} | {
            OTHER + n: s.pixels for n, s in enumerate(other)
        }
    return found


@pytest.mark.parametrize("number", range(MUTATIONS))
async def test_a_damaged_film_ends_soon_and_never_with_a_wrong_picture(
    films: Films, originals: dict[str, dict[int, bytes]], number: int
):
    dice = random.Random(number)
    base = BASES[number % len(BASES)]
    damage = DAMAGES[number // len(BASES) % len(DAMAGES)]
    choice = CHOICES[number % len(CHOICES)]
    data, other = (base.film(films, first).read_bytes() for first in (0, OTHER))
    film = films.written(f"mutated_{base.name}", damage(data, other, base.parts, dice))
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            taken = await take(film, choice)
    except ProcessingError as error:
        assert error.failure in HONEST, error
        return
    assert taken.frames
    seen, known = second_opinion(film), originals[base.name]
    for said, frame, pixels in zip(numbers_of(taken.frames), taken.frames, small(taken.frames), strict=True):
        right = said in known and far(pixels, known[said]) <= SAME
        assert right or is_trusted(pixels, seen), (frame.number, frame.time_seconds)
    if choice == EVERY_PICTURE:
        assert len(taken.frames) >= sum(picture.trusted for picture in seen)


def small(frames: list[Frame]) -> list[bytes]:
    size = 3 * SMALL[0] * SMALL[1]
    data = decoded(
        [frame.data for frame in frames],
        ImageFormat.PNG,
        f"scale={SMALL[0]}:{SMALL[1]}:flags=area,format=rgb24",
    )
    return [data[place : place + size] for place in range(0, len(data), size)]


def is_trusted(pixels: bytes, seen: list[Seen]) -> bool:
    """Tell whether another decoder gives this picture too, and trusts it."""
    return any(picture.trusted and far(pixels, picture.pixels) <= SAME for picture in seen)
