"""One picture of a film, as it comes and as it is kept."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scores:
    """What was measured of a picture to choose it, None where nobody asked: docs/frames.md says how.

    ``difference`` is the share of it that has changed since the picture kept before, None for the first;
    ``sharpness`` is the more the sharper, and compares pictures of the same film only; ``blackness`` is the share of
    it that is black.
    """

    difference: float | None = None
    sharpness: float | None = None
    blackness: float | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """One encoded picture of the plan, whole.

    ``number`` counts the film's pictures in the order of their presentation, from 0. ``time_seconds`` is when it
    comes on the screen and ``until_seconds`` when the next one does, both from the start of the presentation.
    ``instants`` are the times that were asked for and that it stands for, at least one: each is a file of the ZIP.
    Sides are pixels of the encoded picture. ``scores`` are there where pictures were chosen by them.
    """

    number: int
    time_seconds: float
    until_seconds: float
    instants: tuple[float, ...]
    width: int
    height: int
    data: bytes
    scores: Scores | None = None


@dataclass(frozen=True, slots=True)
class ArchivedFrame:
    """One picture of a ZIP, as its manifest tells of it: all but the bytes, and where those are.

    ``index`` is its place in the ZIP, from 1, ``number`` counts the film's pictures, from 0. ``time_seconds`` and
    ``until_seconds`` are from when until when the film's picture is on the screen, ``instant_seconds`` is the time that
    was asked for. Its file's name tells ``name_milliseconds``. The bytes of the ZIP from ``offset`` on are the picture,
    ``size_bytes`` of them; ``sha256`` is hex.
    """

    index: int
    number: int
    time_seconds: float
    until_seconds: float
    instant_seconds: float
    name_milliseconds: int
    width: int
    height: int
    offset: int
    size_bytes: int
    sha256: str

    @property
    def there_from(self) -> float:
        """From when on it counts as being on the screen: its clock may waver a little behind what was asked for."""
        return min(self.time_seconds, self.instant_seconds)
