"""Small pictures of a whole ZIP, side by side on sheets: for a gallery, and for players that show where a seek leads.

Tile ``k``, from 0, shows the file at the place ``1 + k * files // tiles`` of the ZIP: each of its files up to 2,000,
evenly spread ones of more. So clients need no table, and whoever knows one of both finds the other.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Self, final

MOST_TILES: Final = 2000
SIDE: Final = 160
"""Pixels of a tile's longer side, at most."""
_SHORTEST: Final = 16
"""Pixels of its other side, at least: of films that are but a strip, the rest is black."""
_GRID: Final = 10
PER_SHEET: Final = _GRID * _GRID
TRACK: Final = "storyboard.vtt"
"""The name of the WebVTT; it names its sheets without a path, so that they are sought beside it."""
_SHEET: Final = "storyboard-{}.jpg"


@final
@dataclass(frozen=True, slots=True)
class Storyboard:
    """The shape of a storyboard, and how much of it an attempt has stored.

    Sides are pixels of a tile. A sheet has ``columns`` by ``rows`` places, which tiles fill row by row; ``tiles`` is
    how many there will be in all, for the ``files`` of the ZIP. ``sheet_bytes`` are the sizes of the sheets that are
    stored, in their order, and ``track_bytes`` that of the WebVTT, None until all is.
    """

    attempt: int
    files: int
    tile_width: int
    tile_height: int
    columns: int
    rows: int
    tiles: int
    sheet_bytes: tuple[int, ...] = ()
    track_bytes: int | None = None

    @classmethod
    def of(cls, files: int, tile: tuple[int, int], *, attempt: int = 0) -> Self:
        """Return the empty storyboard of so many files, with tiles of this size.

        A single sheet is about as wide as it is high, in tiles: it is shown by itself, too.
        """
        tiles = min(files, MOST_TILES)
        columns = min(_GRID, math.isqrt(max(0, tiles - 1)) + 1)
        rows = min(_GRID, -(-tiles // columns))
        return cls(attempt, files, *tile, columns, rows, tiles)

    @property
    def sheets(self) -> int:
        """How many sheets there will be in all."""
        return -(-self.tiles // PER_SHEET)

    def file_of(self, tile: int) -> int:
        """Return which file of the ZIP a tile shows; both are counted from 0."""
        return tile * self.files // self.tiles

    def tiles_of(self, first: int, stop: int) -> tuple[int, int]:
        """Return from which tile to which (exclusive) the files from ``first`` to ``stop`` (exclusive) are shown."""
        return -(-first * self.tiles // self.files), -(-stop * self.tiles // self.files)

    def tiles_on(self, sheet: int) -> tuple[int, int]:
        """Return the first tile of a sheet, by its number from 0, and the one after its last."""
        return sheet * PER_SHEET, min(self.tiles, (sheet + 1) * PER_SHEET)

    def names(self) -> Iterator[tuple[str, int]]:
        """Yield the names of all that is stored of it, each with its size in bytes."""
        yield from ((sheet_name(sheet), size) for sheet, size in enumerate(self.sheet_bytes))
        if self.track_bytes is not None:
            yield TRACK, self.track_bytes


def tile_size(width: int, height: int) -> tuple[int, int]:
    """Return the sides of a tile for pictures of this shape: never larger than they are, but for a strip's height.

    Both are even, since colours have half the pixels.
    """
    across, down = fitted(width, height, SIDE, SIDE)
    return max(_SHORTEST, across + across % 2), max(_SHORTEST, down + down % 2)


def fitted(width: int, height: int, most_across: int, most_down: int) -> tuple[int, int]:
    """Return the sides of a picture that is scaled down, never up, to fit; its shape stays, to the pixel."""
    factor = min(Fraction(1), Fraction(most_across, width), Fraction(most_down, height))
    return max(1, round(width * factor)), max(1, round(height * factor))


def sheet_name(sheet: int) -> str:
    """Name a sheet by its number, from 0: the files count from 1, as those of the ZIP do."""
    return _SHEET.format(sheet + 1)


def track(storyboard: Storyboard, shown: Sequence[tuple[float, float]], end: float) -> str:
    """Return the WebVTT (W3C) of a storyboard, as players take it for pictures of where a seek leads.

    A cue's text is a sheet and which part of it (Media Fragments URI 1.0, 4.2.2). ``shown`` has for each tile from when
    on its picture is on the screen, and until when. A cue lasts until the next one, so that there is a picture for each
    instant; the last until ``end``, or longer where its picture is.
    """
    text = ["WEBVTT", ""]
    for tile, (begins, until) in enumerate(shown):
        ends = shown[tile + 1][0] if tile + 1 < len(shown) else max(until, end)
        if _stamp(ends) > _stamp(begins):  # One that stands for several instants has one cue, its last.
            sheet, place = divmod(tile, PER_SHEET)
            row, column = divmod(place, storyboard.columns)
            width, height = storyboard.tile_width, storyboard.tile_height
            text += [
                f"{_stamp(begins)} --> {_stamp(ends)}",
                f"{sheet_name(sheet)}#xywh={column * width},{row * height},{width},{height}",
                "",
            ]
    return "\n".join(text)


def _stamp(seconds: float) -> str:
    millis = max(0, round(seconds * 1000))
    minutes, millis = divmod(millis, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{millis // 1000:02d}.{millis % 1000:03d}"
