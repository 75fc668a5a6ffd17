"""Planned decoding gives the same pictures as whole decoding, bit for bit, whatever is chosen of whatever film.

The whole decoding of all pictures of a film is what three choices of its pictures are compared with: number, time and
bytes of each. That the numbers are right the pictures say themselves.
"""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest

from app.domain.frame import Frame
from app.domain.options import ExtractionOptions, FrameSelection, ImageFormat
from app.infra.ffmpeg.extractor import FfmpegFrameExtractor
from tests.extracting import EVERY_PICTURE, KEY_PICTURES, LIMITS, Taken, a_second, at, every, every_nth, so_many, take
from tests.films import Films
from tests.films_of_all_kinds import KINDS, Kind

pytestmark = pytest.mark.slow

WHOLE: Final = FfmpegFrameExtractor(LIMITS, decode_all=True)
SMALL: Final = ExtractionOptions(format=ImageFormat.PNG, max_width=160)

CHOICES: Final[Sequence[Sequence[FrameSelection]]] = (
    (a_second(1), so_many(5), at(0.9)),
    (every_nth(7), at(0.5, 1.31, 2.2), KEY_PICTURES),
    (every(1.1), so_many(3), KEY_PICTURES),
)
"""Each film has one of the three, so that each choice is made of more than twenty films."""


def described(frames: list[Frame]) -> dict[int, tuple[float, float, str]]:
    return {f.number: (f.time_seconds, f.until_seconds, sha256(f.data).hexdigest()) for f in frames}


async def whole(film: Path) -> Taken:
    """Decode every packet and take every picture."""
    taken = await take(film, replace(SMALL, select=EVERY_PICTURE), WHOLE)
    assert taken.reading.whole is not None
    assert taken.reading.packets_decoded == taken.reading.packets
    return taken


async def compare(film: Path, expected: Taken, choices: Sequence[FrameSelection]) -> list[Taken]:
    known = described(expected.frames)
    found = []
    for choice in choices:
        taken = await take(film, replace(SMALL, select=choice))
        of_choice = described(taken.frames)
        assert of_choice, choice
        assert of_choice == {number: known[number] for number in of_choice}, choice
        found.append(taken)
    return found


@pytest.mark.parametrize(("kind", "number"), [*zip(KINDS, range(len(KINDS)), strict=True)], ids=str)
async def test_planned_pictures_are_those_of_whole_decoding(films: Films, kind: Kind, number: int):
    film = kind.film(films)
    expected = await whole(film)
    assert expected.numbers == list(range(kind.count - kind.forgotten))
    assert [frame.number for frame in expected.frames] == expected.numbers
    found = await compare(film, expected, CHOICES[number % 3])
    for taken in found:
        assert (taken.reading.whole is not None) == kind.whole, taken.reading.whole
    decoded = [taken.reading.packets_decoded for taken in found]
    if kind.whole:
        assert set(decoded) == {expected.reading.packets}
    else:
        assert min(decoded) <= expected.reading.packets * 3 / 4, decoded


@pytest.mark.parametrize("name", ["bikes.mp4", "bigbuckbunny.mp4", "carphone_pristine.mp4"])
async def test_planned_pictures_of_real_recordings_are_those_of_whole_decoding(samples: Path, name: str):
    film = samples / name
    expected = await whole(film)
    found = await compare(film, expected, [choice for choices in CHOICES for choice in choices])
    assert all(taken.reading.whole is None for taken in found)
    assert all(taken.reading.packets_decoded < taken.reading.packets for taken in found)


def test_the_films_are_many_and_of_many_codecs():
    codecs = {kind.encoding[1] for kind in KINDS}
    assert len(KINDS) >= 60
    assert len(codecs) >= 15
    assert sum(not kind.whole for kind in KINDS) >= 60
