"""One extraction: the planned pictures in their order, each compared with the plan, and all that is told of them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Final, final

import structlog

from app.domain.film import NO_TIME
from app.domain.frame import Frame
from app.domain.manifest import Reading
from app.domain.plan import Plan, PlannedPicture, without_dropping
from app.domain.storyboard import Storyboard
from app.domain.video import Progress
from app.infra.ffmpeg.asking import Asking
from app.infra.ffmpeg.budget import TimeBudget
from app.infra.ffmpeg.decoding import decoding
from app.infra.ffmpeg.feasibility import cannot_be_decoded, refuse_damaged
from app.infra.ffmpeg.recipe import Recipe
from app.infra.ffmpeg.storyboard import Sheets

log = structlog.get_logger(__name__)

_ALMOST: Final = 99.0
_SURVEYED_PERCENT: Final = 50.0
_TOLD: Final = 20
"""So many changes of how a film looks have sentences of their own."""


@final
class FfmpegExtraction:
    """The port's ``Extraction``; to be iterated once. Closing ``frames`` ends the decoder.

    Holds one picture, what the pipes hold and a sheet of small pictures: the decoder stands still while its consumer
    does. Where there is no plan yet the decoder is asked first, which then is the first part of the work.
    """

    def __init__(
        self, recipe: Recipe, planned: Plan | Asking, budget: TimeBudget, *, with_storyboard: bool = True
    ) -> None:
        self._recipe = recipe
        self._planned = planned
        self._budget = budget
        self._with_storyboard = with_storyboard
        self._sheets: Sheets | None = None
        self._surveyed = 0.0
        known = planned if isinstance(planned, Plan) else None
        self.progress = Progress(0.0, 0, known and known.files)
        self.reading = reading_of(recipe, known)
        self.frames = self._frames()

    def __aiter__(self) -> AsyncIterator[Frame]:
        return self.frames

    @property
    def storyboard(self) -> Storyboard | None:
        """See the port."""
        return self._sheets.board if self._sheets else None

    def finished_sheets(self) -> Sequence[bytes]:
        """See the port."""
        if self._sheets is None:
            return ()
        finished, self._sheets.finished = self._sheets.finished, []
        return finished

    @property
    def latest_tile(self) -> bytes | None:
        """See the port."""
        return self._sheets.latest_tile if self._sheets else None

    async def _frames(self) -> AsyncGenerator[Frame]:
        if not isinstance(self._planned, Plan):
            self._planned = await self._ask(self._planned)
        plan = self._planned
        wanted, files, expected = plan.pictures, 0, plan.files
        log.info("pictures planned", pictures=len(wanted), files=expected, whole=plan.whole)
        making = partial(Sheets, self._recipe, plan, self._budget, wanted=self._with_storyboard)
        sheets = self._sheets = await asyncio.to_thread(making)
        while wanted:
            await asyncio.to_thread(refuse_damaged, self._recipe.film, plan, self._recipe.options)
            look, group = next(groupby(wanted, key=attrgetter("look")))
            alike = list(group)
            tiling, done = await asyncio.to_thread(sheets.tiling, alike, files), 0
            recipe = replace(self._recipe, look=look)
            async with decoding(recipe, plan, alike, tiling, self._budget) as run:
                async for frame in run.pictures(self._budget):
                    files, done = files + len(frame.instants), done + 1
                    percent = self._surveyed + (100 - self._surveyed) * files / expected
                    self.progress = Progress(min(_ALMOST, percent), files, expected)
                    await sheets.advance(run, done)
                    yield frame
                await sheets.close(run, done)
            wanted = wanted[done:]
            if done < len(alike):
                plan = self._whole(plan, wanted[0], run.fault)
        self.progress = Progress(100.0, files, expected)

    async def _ask(self, planned: Asking) -> Plan:
        """Let the decoder look at pictures first, and plan what is chosen by it."""

        def advanced(share: float) -> None:
            self._surveyed = _SURVEYED_PERCENT * share
            self.progress = Progress(self._surveyed)

        asked = await planned(self._recipe, self._budget, advanced)
        reading = reading_of(self._recipe, asked.plan)
        self.reading = replace(reading, whole=asked.whole, packets_decoded=asked.packets)
        return asked.plan

    def _whole(self, plan: Plan, missing: PlannedPicture, fault: Exception | None) -> Plan:
        """Return the plan with all packets decoded, where a picture did not come from the planned ones.

        :raises ProcessingError: where all were decoded already
        """
        if plan.keep is None:
            raise cannot_be_decoded(missing.time) from fault
        why = f"the planned packets did not give the picture at {missing.time:.3f} s"
        log.warning("planned decoding fell short, all is decoded", why=why)
        self.reading = replace(self.reading, whole=why, packets_decoded=self.reading.packets)
        return without_dropping(plan, why)


def _changes(recipe: Recipe) -> Iterator[str]:
    """Yield from when on the film's pictures look otherwise, and how."""
    film = recipe.film
    packets = film.packets
    for look, (place, _) in enumerate(film.changes[:_TOLD], 1):
        made = replace(recipe, look=look).rendering
        ticks = packets.pts[place] if packets.pts[place] != NO_TIME else packets.dts[place]
        seconds = max(0.0, float(ticks * packets.time_base - film.origin))
        how = [made.colour, made.orientation]
        how += ["tone-mapped"] if made.tone_mapping else []
        how += ["deinterlaced"] if made.deinterlaced else []
        yield f"From {seconds:.3f} s on its pictures are others: {made.width}x{made.height}, {', '.join(how)}."
        yield from made.notes
    if len(film.changes) > _TOLD or film.changes_lost:
        yield f"It changes so more than {_TOLD} times."
    if film.changes_lost:
        yield "It changes too often to be followed: pictures may have wrong colours or be stretched."


def reading_of(recipe: Recipe, plan: Plan | None) -> Reading:
    """Return how the film is read, as far as it is known."""
    film, rendering = recipe.film, recipe.rendering
    packets = len(film.packets)
    return Reading(
        stream=film.stream.index,
        container=film.container,
        codec=film.stream.codec,
        colour=rendering.colour,
        orientation=rendering.orientation,
        tone_mapping=rendering.tone_mapping,
        deinterlaced=rendering.deinterlaced,
        packets=packets,
        packets_decoded=packets if plan is None else plan.decoded(packets),
        whole=None if plan is None else plan.whole,
        left_out=() if plan is None else plan.left_out,
        culled=None if plan is None else plan.culled,
        scenes=None if plan is None else plan.scenes,
        notes=tuple(dict.fromkeys([*rendering.notes, *_changes(recipe)])),
    )
