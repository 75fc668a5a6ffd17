"""One run of the decoder over a plan: which packets it gets, what it writes, and how each picture is recognised."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final, final

from app.domain.frame import Frame
from app.domain.options import ImageFormat
from app.domain.plan import Plan, PlannedPicture
from app.infra.ffmpeg import arguments
from app.infra.ffmpeg.budget import TimeBudget
from app.infra.ffmpeg.child import PIPE_BYTES, Child
from app.infra.ffmpeg.ending import broken_by, refuse_faults
from app.infra.ffmpeg.feasibility import cannot_be_decoded
from app.infra.ffmpeg.filters import Filters, of_look
from app.infra.ffmpeg.recipe import Recipe
from app.infra.ffmpeg.split import BrokenStream, Splitter, picture_size
from app.infra.ffmpeg.tiling import Tiling

_BYTES_PER_PIXEL: Final = 5  # Four channels of 8 bits, and what PNG adds.
_BYTES_BESIDE: Final = 65_536
_TILE_BYTES: Final = 256 * 1024
SHEET_BYTES: Final = 4 * 1024 * 1024


@final
class Decoding:
    """A run under way: iterate over ``pictures`` once.

    ``latest_tile`` is the newest small one. ``tiles`` are those that have come, by their places, where ``tiling`` has
    each come, but for those that were forgotten; ``sheets`` are the run's own. Once it is ``over`` no more come.
    ``fault`` is what its end meant, where a picture did not come.
    """

    def __init__(
        self, running: Child, recipe: Recipe, plan: Plan, wanted: Sequence[PlannedPicture], tiling: Tiling
    ) -> None:
        self._child = running
        self._pictures, self._lines, small, sheets = running.outputs
        self._plan = plan
        self._wanted = wanted
        pixels = recipe.limits.settings.max_pixels
        self._format = recipe.options.format
        self._splitter = Splitter(self._format, pixels * _BYTES_PER_PIXEL + _BYTES_BESIDE)
        self.tiling = tiling
        self.latest_tile: bytes | None = None
        self.tiles: dict[int, bytes] = {}
        self._tile_count = 0
        self.sheets: list[bytes] = []
        self.fault: Exception | None = None
        self._small = asyncio.gather(
            _collect(small, _TILE_BYTES, len(tiling.spots), self._keep_tile),
            _collect(sheets, SHEET_BYTES, tiling.sheets, self.sheets.append),
        )

    @property
    def over(self) -> bool:
        """Whether all small pictures and sheets have come that ever will."""
        return self._small.done()

    def forget_tiles(self, before: int) -> None:
        """Let go of the small pictures before this one."""
        for place in [place for place in self.tiles if place < before]:
            del self.tiles[place]

    def _keep_tile(self, tile: bytes) -> None:
        self.latest_tile = tile
        if self.tiling.each:
            self.tiles[self._tile_count] = tile
            self._tile_count += 1

    async def pictures(self, budget: TimeBudget) -> AsyncIterator[Frame]:
        """Yield the wanted pictures in their order; ends early where one of them does not come.

        :raises OSError: where the machine is to blame
        :raises ProcessingError: where a limit was reached, or what comes are no pictures
        """
        expected = iter(self._wanted)
        following = next(expected, None)
        seen = Counter[int]()
        try:
            while following is not None and (piece := await budget.wait(self._pictures.read(PIPE_BYTES))):
                for data in self._splitter.feed(piece):
                    # ffmpeg writes a picture's line before it encodes the picture.
                    number, _, ticks = (await budget.wait(self._lines.readline())).partition(b" ")
                    shown = int(number if self._plan.by_number else ticks)
                    rank, seen[shown] = seen[shown], seen[shown] + 1
                    if following is None or (shown, rank) != placed(self._plan, following):
                        continue
                    yield _frame(following, data, self._format)
                    following = next(expected, None)
        except (BrokenStream, ValueError) as nonsense:
            self._child.kill()
            raise broken_by(nonsense, following and cannot_be_decoded(following.time)) from None
        if following is None:
            await budget.wait(asyncio.shield(self._small))
            return
        self.fault = await refuse_faults(self._child, budget)
        await budget.wait(asyncio.shield(self._small))

    async def stop_listening(self) -> None:
        """End what reads the tiles and sheets."""
        self._small.cancel()
        await asyncio.gather(self._small, return_exceptions=True)


def placed(plan: Plan, picture: PlannedPicture) -> tuple[int, int]:
    """Return by what the decoder's lines tell of a picture, and how many of the same come before it."""
    return (picture.number, 0) if plan.by_number else (picture.ticks, picture.twins)


def _frame(picture: PlannedPicture, data: bytes, image_format: ImageFormat) -> Frame:
    width, height = picture_size(image_format, data)
    return Frame(picture.number, picture.time, picture.until, picture.instants, width, height, data, picture.scores)


@asynccontextmanager
async def decoding(
    recipe: Recipe, plan: Plan, wanted: Sequence[PlannedPicture], tiling: Tiling, budget: TimeBudget
) -> AsyncIterator[Decoding]:
    """Start to decode ``wanted``, pictures of the plan; those that are tiles come as small ones too, and on sheets."""
    plan = await asyncio.to_thread(of_look, recipe.film, plan, recipe.look)
    filters = await asyncio.to_thread(Filters.of, recipe, plan, wanted, tiling)
    texts = [filters.graph, *([filters.packets] if filters.packets is not None else [])]
    async with recipe.run(
        lambda outputs, inputs: arguments.decoding(recipe, filters, inputs, outputs),
        budget,
        outputs=4,
        inputs=[text.encode() for text in texts],
        readable=[recipe.source],
    ) as running:
        run = Decoding(running, recipe, plan, wanted, tiling)
        try:
            yield run
        finally:
            await run.stop_listening()


async def _collect(reader: asyncio.StreamReader, max_bytes: int, most: int, keep: Callable[[bytes], object]) -> None:
    """Keep as many small pictures as there should be; what else comes is read, so that nobody waits, and forgotten."""
    splitter = Splitter(ImageFormat.JPEG, max_bytes)
    while piece := await reader.read(PIPE_BYTES):
        try:
            for picture in splitter.feed(piece) if most else ():
                if most:
                    keep(picture)
                    most -= 1
        except BrokenStream:  # No reason to refuse good pictures: there are fewer tiles, or none.
            most = 0
