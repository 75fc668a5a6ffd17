"""Which small pictures one run of the decoder gives, and the filters that put them on sheets."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final, final

from app.domain.storyboard import PER_SHEET, Storyboard

_SOMETIMES: Final = "select='if(gte(time(0),ld(0)+0.5),st(0,time(0)))'"
"""Lets a picture through every half second of the clock: encoding all would cost more than all else of a storyboard."""


@final
@dataclass(frozen=True, slots=True)
class Spot:
    """A picture of a run that is on the storyboard, by its place among the run's pictures.

    The tiles that show it are those from ``first`` to ``stop`` (exclusive): one that stands for several instants may
    have several.
    """

    place: int
    first: int
    stop: int


@final
@dataclass(frozen=True, slots=True)
class Tiling:
    """The tiles of one run, in their order, of a storyboard; ``spots`` are empty where it gives none.

    ``each`` says that all of them come one by one, too; else that is only to be looked at, and some do.
    """

    board: Storyboard
    spots: Sequence[Spot]
    each: bool = False

    @property
    def first_sheet(self) -> int:
        """The first sheet of which all tiles are this run's or a later one's."""
        return -(-self.spots[0].first // PER_SHEET) if self.spots else 0

    @property
    def sheets(self) -> int:
        """How many sheets, from that one on, have all their tiles from this run."""
        if not self.spots:
            return 0
        stop = self.spots[-1].stop
        whole = self.board.sheets if stop == self.board.tiles else stop // PER_SHEET
        return max(0, whole - self.first_sheet)

    def stop_of(self, done: int) -> int:
        """Return the tile after the last one that the first so many of the run's pictures have."""
        count = bisect_left(self.spots, done, key=attrgetter("place"))
        if count:
            return self.spots[count - 1].stop
        return self.spots[0].first if self.spots else 0

    def place_of(self, tile: int) -> int:
        """Return where the picture of a tile stands among the run's small ones."""
        return bisect_right(self.spots, tile, key=attrgetter("first")) - 1

    def shown_by(self, first: int, stop: int) -> list[int]:
        """Return where the pictures of these tiles stand among the run's small ones, once for each tile."""
        return [self.place_of(tile) for tile in range(first, stop)]

    def filters(self, small: str, singles: str, sheets: str) -> str:
        """Return the filters that turn what comes by ``small`` into single tiles and into sheets, with these labels.

        ``tile`` gives a sheet once it is full. So the last one is filled with its last picture, and a picture that has
        several tiles is repeated: each gets the number of its first tile as its time, and ``fps`` fills the gaps. It
        knows of a gap's end by the next picture alone, and ``trim`` of its own: so the last picture comes again, beyond
        all tiles. To wait for the film's end would be to decode what nobody asked for.
        """
        count = max(1, len(self.spots))
        once = f"trim=end_frame={count}"
        return (
            f"[{small}]loop=loop=2:size=1:start={count},split[{small}1][{small}2];"  # It counts pictures from 1.
            f"[{small}1]{once if self.each else f'{once},{_SOMETIMES}'},setpts=N[{singles}];"
            f"[{small}2]{self._sheets()},setpts=N[{sheets}]"
        )

    def _sheets(self) -> str:
        board, count = self.board, self.sheets
        begin = self.first_sheet * PER_SHEET
        stop = min(board.tiles, begin + count * PER_SHEET) if count else begin
        own = [place for place, spot in enumerate(self.spots) if spot.stop > begin and spot.first < stop]
        if not own:
            return "select=0"
        one = board.sheets == 1
        end = stop - begin if one else count * PER_SHEET
        times = [max(self.spots[place].first, begin) - begin for place in own]
        steps = [f"settb=1,setpts='{_stepped([*times, end])}'", "fps=1:start_time=0"]
        if [*times, end] == list(range(len(own) + 1)):
            steps = []  # Each has one tile, and the last one fills the sheet.
        sheet = f"tile={board.columns}x{board.rows}" + (f":nb_frames={end}" if one else "")
        return ",".join([f"select='gte(n,{own[0]})'", *steps, sheet])


def _stepped(values: Sequence[int]) -> str:
    """Return an expression that gives the value of the place N; it is a balanced tree, as that of ``select`` is."""
    begins = [0, *(place for place in range(1, len(values)) if values[place] != values[place - 1] + 1)]
    return _chosen([(begin, values[begin] - begin) for begin in begins])


def _chosen(steps: Sequence[tuple[int, int]]) -> str:
    if len(steps) == 1:
        return f"N+{steps[0][1]}"
    half = len(steps) // 2
    return f"if(lt(N,{steps[half][0]}),{_chosen(steps[:half])},{_chosen(steps[half:])})"
