"""The scenes of a film, and the report of them: ``scenes.csv`` in the ZIP."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import StringIO
from typing import Final, final

from app.domain.choice import Part
from app.domain.options import ExtractionOptions
from app.domain.presentation import Presentation

FILE_NAME: Final = "scenes.csv"
_HEAD: Final = ("scene", "startSeconds", "endSeconds", "file", "pictureSeconds")


@final
@dataclass(frozen=True, slots=True)
class Scene:
    """A part of a film without a cut, in seconds from the start of the presentation, ``end`` not included.

    ``number`` is that of the picture that stands for it, None where it was left out.
    """

    start: float
    end: float
    number: int | None


def scenes_of(shown: Presentation, options: ExtractionOptions, cuts: Sequence[int]) -> list[range]:
    """Return the pictures of each scene of the part; ``cuts`` are the first ones after a cut, in order.

    A cut that would make a scene shorter than it may be is none: neither what it begins nor what it ends.
    """
    part = Part.of(shown, options)
    used = part.pictures(shown)
    shortest = shown.span(Fraction(str(options.min_scene_seconds or 0)))
    end = Fraction(shown.end) if part.stop is None else min(part.stop, Fraction(shown.end))
    starts = [used.start]
    for cut in cuts:
        begin = shown.begins[cut]
        since = max(part.start, Fraction(shown.begins[starts[-1]]))
        if cut in used[1:] and begin - since >= shortest and end - begin >= shortest:
            starts.append(cut)
    return [range(start, stop) for start, stop in zip(starts, [*starts[1:], used.stop], strict=True)]


def report(scenes: Sequence[Scene], pictures: Mapping[int, tuple[str, float]]) -> bytes:
    """Return the scenes as CSV (RFC 4180); ``pictures`` are file and time of what is in the ZIP, by number."""
    text = StringIO()
    rows = csv.writer(text)
    rows.writerow(_HEAD)
    for place, scene in enumerate(scenes, 1):
        file, time = pictures.get(scene.number, ("", "")) if scene.number is not None else ("", "")
        rows.writerow([place, scene.start, scene.end, file, time])
    return text.getvalue().encode()
