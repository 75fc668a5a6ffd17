"""The sheets of a storyboard, from what the runs of the decoder give beside their pictures.

A sheet that lies within one run comes from it as a whole. Where runs follow each other, since the film changes, the
sheet between two of them is put together from its small pictures, by a child for it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import final

import structlog

from app.domain.options import ImageFormat
from app.domain.plan import Plan, PlannedPicture
from app.domain.storyboard import PER_SHEET, Storyboard, tile_size
from app.infra.ffmpeg import arguments
from app.infra.ffmpeg.budget import TimeBudget
from app.infra.ffmpeg.child import PIPE_BYTES, Child
from app.infra.ffmpeg.decoding import SHEET_BYTES, Decoding
from app.infra.ffmpeg.ending import refuse_faults
from app.infra.ffmpeg.recipe import Recipe
from app.infra.ffmpeg.split import BrokenStream, picture_size
from app.infra.ffmpeg.tiling import Spot, Tiling

log = structlog.get_logger(__name__)


class _NoStoryboard(Exception):
    """The decoder did not give the small pictures that it should; the pictures themselves may be all right."""


@final
class Sheets:
    """Takes what runs give, one run after the other; ``finished`` are the sheets that nobody has fetched yet.

    ``board`` is None where none is made, or where it was given up, which costs no picture.
    """

    def __init__(self, recipe: Recipe, plan: Plan, budget: TimeBudget, *, wanted: bool = True) -> None:
        shape = replace(recipe, look=plan.pictures[0].look).rendering
        self._recipe = recipe
        self._budget = budget
        self._shape = Storyboard.of(plan.files, tile_size(shape.width, shape.height))
        self._each = any(picture.look != plan.pictures[0].look for picture in plan.pictures)
        self.board: Storyboard | None = self._shape if wanted else None
        self.finished: list[bytes] = []
        self._next = 0
        self._carried: list[bytes] = []
        """Small pictures of former runs, from the first of the next sheet on."""
        self._run: Decoding | None = None

    def tiling(self, pictures: Sequence[PlannedPicture], before: int) -> Tiling:
        """Return the tiles of pictures that one run is to give, behind so many files."""
        spots, files = [], before
        for place, picture in enumerate(pictures):
            first, stop = self._shape.tiles_of(files, files + len(picture.instants))
            files += len(picture.instants)
            if first < stop:
                spots.append(Spot(place, first, stop))
        return Tiling(self._shape, tuple(spots) if self.board else (), self._each)

    @property
    def latest_tile(self) -> bytes | None:
        """The newest small picture of the run."""
        return self._run.latest_tile if self.board is not None and self._run is not None else None

    async def advance(self, run: Decoding, done: int) -> None:
        """Take the sheets that are whole once so many of the run's pictures have come.

        :raises OSError: where the machine is to blame
        :raises ProcessingError: where a limit was reached
        """
        self._run = run
        try:
            while self.board is not None and self._next < self._shape.sheets and await self._took(run, done):
                self._next += 1
        except _NoStoryboard:
            self._give_up()

    async def close(self, run: Decoding, done: int) -> None:
        """Take what is left of a run that has ended, and keep what belongs to a sheet that goes on in the next one."""
        await self.advance(run, done)
        if self.board is None:
            return
        begin = self._next * PER_SHEET + len(self._carried)
        parts = run.tiling.shown_by(begin, run.tiling.stop_of(done))
        if not all(place in run.tiles for place in parts):
            self._give_up()
            return
        self._carried += [run.tiles[place] for place in parts]

    async def _took(self, run: Decoding, done: int) -> bool:
        """Return whether the next sheet was taken."""
        first, stop = self._shape.tiles_on(self._next)
        if stop > run.tiling.stop_of(done):
            return False
        own = self._next - run.tiling.first_sheet
        if 0 <= own < run.tiling.sheets:
            if own >= len(run.sheets):
                if run.over:
                    raise _NoStoryboard
                return False
            sheet = run.sheets[own]
            run.sheets[own] = b""
        else:
            places = run.tiling.shown_by(first + len(self._carried), stop)
            if not all(place in run.tiles for place in places):
                if run.over:
                    raise _NoStoryboard
                return False
            tiles = [*self._carried, *(run.tiles[place] for place in places)]
            sheet = await composed(self._recipe, self._shape, tiles, self._budget)
            self._carried.clear()
        if not _is_sheet(sheet, self._shape):
            raise _NoStoryboard
        self.finished.append(sheet)
        run.forget_tiles(run.tiling.place_of(stop))
        return True

    def _give_up(self) -> None:
        log.warning("no storyboard could be made", sheets=self._next, of=self._shape.sheets)
        self.board = None
        self._carried.clear()


async def composed(recipe: Recipe, board: Storyboard, tiles: Sequence[bytes], budget: TimeBudget) -> bytes:
    """Return these small pictures as a sheet; nothing where they do not make one.

    :raises OSError: where the machine is to blame
    """
    async with recipe.run(
        lambda outputs, inputs: arguments.composing(recipe.limits, board, inputs[0], outputs[0]),
        budget,
        outputs=1,
        inputs=[b"".join(tiles)],
        readable=[],
    ) as running:
        return await sheet_of(running, budget)


async def sheet_of(composing: Child, budget: TimeBudget) -> bytes:
    """Return the one picture that the child gives, nothing where it gives none or what is no sheet for its length.

    :raises OSError: where the machine is to blame
    """
    sheet = bytearray()
    while len(sheet) <= SHEET_BYTES and (piece := await budget.wait(composing.outputs[0].read(PIPE_BYTES))):
        sheet += piece
    if len(sheet) > SHEET_BYTES:
        composing.kill()  # It would not end of itself: nobody reads on.
    elif await budget.wait(composing.ended()) == 0:
        return bytes(sheet)
    else:
        await refuse_faults(composing, budget)
    return b""


def _is_sheet(sheet: bytes, board: Storyboard) -> bool:
    try:
        size = picture_size(ImageFormat.JPEG, sheet)
    except BrokenStream:
        return False
    return size == (board.columns * board.tile_width, board.rows * board.tile_height)
