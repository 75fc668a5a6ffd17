"""One run of the decoder over a plan: which packets it gets, what it writes, and how each picture is recognised."""

import asyncio
from bisect import bisect_left
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice, takewhile
from operator import ge
from pathlib import Path
from typing import Final, final

from app.domain.errors import ProcessingError
from app.domain.failure import JOINED, FailureCode
from app.domain.film import CORRUPT, DISCARD, KEY, NO_TIME, Film, Packets
from app.domain.options import ExtractionOptions, ImageFormat
from app.domain.plan import Plan, PlannedPicture, without_dropping
from app.domain.presentation import only_the_decoder_knows
from app.infra.ffmpeg import arguments
from app.infra.ffmpeg.budget import TimeBudget
from app.infra.ffmpeg.child import PIPE_BYTES, Child, child
from app.infra.ffmpeg.ending import refuse_faults
from app.infra.ffmpeg.expressions import Span, keeping, leaving_out, selecting, spans
from app.infra.ffmpeg.limits import Limits
from app.infra.ffmpeg.look import Rendering, decoder, rendering
from app.infra.ffmpeg.split import BrokenStream, Splitter

_BYTES_PER_PIXEL: Final = 9  # Four channels of 16 bits, and what PNG adds.
_BYTES_BESIDE: Final = 65_536
_TILE_BYTES: Final = 4 * 1024 * 1024
_UNTIMED: Final = 16
"""How many packets at a film's start may lack a decoding timestamp: more than any codec reorders."""
_COUNTED: Final = "setpts=N"
"""Encoders refuse two pictures of the same time. The lines that name the pictures have their own times all the same."""
_EXACT: Final = 2**53  # Beyond it ffmpeg's expressions, which are doubles, do not tell two times apart.


@final
@dataclass(frozen=True, slots=True)
class Recipe:
    """All that a run is made of, but for the plan."""

    program: str
    source: Path
    film: Film
    options: ExtractionOptions
    limits: Limits

    @property
    def rendering(self) -> Rendering:
        """How the pictures are made."""
        return rendering(self.film.look, self.options, self.limits.max_pixels)


@final
class Decoding:
    """A run under way: iterate over ``pictures`` once; ``tiles`` are the small ones that have come so far."""

    def __init__(self, running: Child, recipe: Recipe, plan: Plan, wanted: Sequence[PlannedPicture]) -> None:
        self._child = running
        self._pictures, self._lines, small = running.outputs
        self._plan = plan
        self._wanted = wanted
        pixels = recipe.limits.max_pixels
        self._splitter = Splitter(recipe.options.format, pixels * _BYTES_PER_PIXEL + _BYTES_BESIDE)
        self.tiles: list[bytes] = []
        self._small = asyncio.create_task(_collect(small, self.tiles))

    async def pictures(self, budget: TimeBudget) -> AsyncIterator[tuple[PlannedPicture, bytes]]:
        """Yield the wanted pictures in their order; ends early where one of them does not come.

        :raises OSError: where the machine is to blame
        :raises ProcessingError: where a limit was reached
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
                    if following is None or not _is(following, shown, rank, by_number=self._plan.by_number):
                        continue
                    yield following, data
                    following = next(expected, None)
        except (BrokenStream, ValueError):
            self._child.kill()
            raise RuntimeError("ffmpeg's pictures could not be told apart") from None
        if following is None:
            await budget.wait(asyncio.shield(self._small))
            return
        await refuse_faults(self._child, budget)

    async def stop_listening(self) -> None:
        """End the task that reads the tiles."""
        self._small.cancel()
        await asyncio.gather(self._small, return_exceptions=True)


def _is(planned: PlannedPicture, shown: int, rank: int, *, by_number: bool) -> bool:
    if by_number:
        return planned.number == shown
    return planned.ticks == shown and planned.twins == rank


@asynccontextmanager
async def decoding(
    recipe: Recipe, plan: Plan, wanted: Sequence[PlannedPicture], tiles: Sequence[PlannedPicture], budget: TimeBudget
) -> AsyncIterator[Decoding]:
    """Start to decode ``wanted``, pictures of the plan; those that are in ``tiles`` come as small ones too."""
    drop = packet_filter(recipe.film, plan)
    chosen, count = _choice(recipe.film, plan, wanted, [picture.number for picture in wanted])
    small_numbers = {picture.number for picture in tiles}
    small, small_count = _choice(
        recipe.film, plan, tiles, [place for place, picture in enumerate(wanted) if picture.number in small_numbers]
    )
    made = recipe.rendering
    graph = (
        f"[0:{recipe.film.stream.index}]{chosen},split[one][other];"
        f"[one]{made.filters},{_COUNTED}[frames];"
        f"[other]{small},{made.filters},{made.thumbnail},{_COUNTED}[tiles]"
    ).encode()
    async with child(
        lambda outputs, inputs: [
            recipe.program,
            *arguments.decoding(
                recipe.source,
                recipe.film,
                recipe.options,
                recipe.limits,
                decoder=decoder(recipe.film.stream, recipe.film.look),
                drop=None if drop is None else inputs[1],
                graph=inputs[0],
                outputs=outputs,
                pictures=count,
                tiles=small_count,
            ),
        ],
        outputs=3,
        inputs=[graph] if drop is None else [graph, drop.encode()],
        readable=[recipe.source],
        directory=recipe.source.parent,
        limits=recipe.limits.of_child(recipe.limits.timeout_seconds),
        budget=budget,
    ) as running:
        run = Decoding(running, recipe, plan, wanted)
        try:
            yield run
        finally:
            await run.stop_listening()


def packet_filter(film: Film, plan: Plan | None = None) -> str | None:
    """Return the filter for the packets that do not reach the decoder, None where all do.

    Without a plan, or with one of all packets, those are left out from which no decoder can make a picture, so that
    they are not taken for damage.
    """
    if plan is not None and plan.keep is not None:
        return keeping("dts", _kept_times(film, plan.keep), always="eq(dts,nopts)")
    hopeless = _undecodable(film)
    if not hopeless:
        return None
    return leaving_out("n", spans(range(hopeless[-1] + 1), [index in hopeless for index in range(hopeless[-1] + 1)]))


def _undecodable(film: Film) -> Sequence[int]:
    """Give the places of the packets before the first key picture, and of those after it that need what was before."""
    packets = film.packets
    keys = (index for index, flags in enumerate(packets.flags) if flags & KEY)
    first, second = next(keys, 0), next(keys, len(packets))
    shown = film.first_shown
    leading = () if shown is None or film.timeless else range(first + 1, second)
    return [*range(first), *(index for index in leading if shown is not None and NO_TIME < packets.pts[index] < shown)]


def _kept_times(film: Film, keep: Sequence[Span]) -> list[Span]:
    """Return the kept packets as runs of decoding timestamps, by which both libraries name them.

    Packets without one, which Matroska has at its very start, are always kept.
    """
    dts = film.packets.dts
    runs = []
    for first, last in keep:
        begin = next((index for index in range(first, last + 1) if dts[index] != NO_TIME), None)
        if begin is not None:
            runs.append((dts[begin], dts[last]))
    return runs


def _choice(film: Film, plan: Plan, wanted: Sequence[PlannedPicture], numbers: Sequence[int]) -> tuple[str, int]:
    """Return the filter that lets the wanted pictures through, and how many pictures it lets through.

    ``numbers`` are theirs among the pictures that reach the filter. Pictures of the same time cannot be told apart by
    it: all of them come, and the others are passed over.
    """
    if plan.by_number:
        return selecting("n", _runs_of_numbers(numbers)), len(numbers)
    times = {picture.ticks for picture in wanted}
    decoded = sorted(_decoded_times(film, plan))
    values = sorted(set(decoded))
    count = sum(1 for pts in decoded if pts in times)
    return selecting("pts", spans(values, [pts in times for pts in values])), count


def _runs_of_numbers(numbers: Sequence[int]) -> list[Span]:
    runs: list[Span] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def _decoded_times(film: Film, plan: Plan) -> list[int]:
    packets = film.packets
    pts, dts, flags = packets.pts, packets.dts, packets.flags
    if plan.keep is None:
        hopeless = frozenset(_undecodable(film))
        decoded: Iterable[int] = (index for index in range(len(packets)) if index not in hopeless)
    else:
        decoded = _with_untimed(plan.keep, dts)
    return [pts[index] for index in decoded if not flags[index] & DISCARD and pts[index] != NO_TIME]


def _with_untimed(keep: Sequence[Span], dts: Sequence[int]) -> Iterator[int]:
    """Give the places of the packets that reach the decoder: those of the plan, and those that cannot be named."""
    untimed = takewhile(lambda index: dts[index] == NO_TIME, range(len(dts)))
    kept = (index for first, last in keep for index in range(first, last + 1))
    return chain(untimed, (index for index in kept if dts[index] != NO_TIME))


def settled(plan: Plan, film: Film, distrust: str | None) -> Plan:
    """Return the plan as it can be carried out: with all packets decoded where none can safely be left out.

    ``distrust`` is what the inspection has against the marks of key pictures.
    """
    if plan.keep is None:
        return plan
    why = distrust or _why_none_can_be_dropped(film)
    return plan if why is None else without_dropping(plan, why)


def _why_none_can_be_dropped(film: Film) -> str | None:
    """Return why packets cannot be named by their decoding timestamps, None where they can."""
    dts = film.packets.dts
    known = next((index for index, time in enumerate(dts) if time != NO_TIME), len(dts))
    if known > _UNTIMED:
        return "packets without decoding times"
    if any(map(ge, islice(dts, known, None), islice(dts, known + 1, None))):
        return "decoding times that do not rise"
    return None


def by_exact_times(plan: Plan, film: Film) -> Plan:
    """Return the plan, by number where ffmpeg's expressions would not tell all of the film's times apart."""
    if plan.by_number or all(abs(pts) < _EXACT for pts in film.packets.pts if pts != NO_TIME):
        return plan
    return replace(without_dropping(plan, "times too large to be told apart"), by_number=True)


def refuse_damaged(film: Film, plan: Plan | None) -> None:
    """Raise where the container says that a packet is damaged on which a planned picture may build.

    ffmpeg leaves such packets out. Where one is, others can be missing that nobody marks, so that the rest of its group
    of pictures is not to be trusted either. Without a plan all packets are decoded.
    """
    packets = film.packets
    kept = plan.keep if plan is not None else None
    damaged = next((index for index in _damaged(packets) if kept is None or _is_built_on(film, index, kept)), None)
    if damaged is None:
        return
    if plan is not None and kept is None and plan.by_number and not only_the_decoder_knows(film):
        raise ProcessingError(FailureCode.CORRUPT_VIDEO, JOINED)  # Something lacks where one begins after the other.
    known = packets.pts[damaged] if packets.pts[damaged] != NO_TIME else packets.dts[damaged]
    raise cannot_be_decoded(float(known * packets.time_base - film.origin) if known != NO_TIME else 0.0)


def _damaged(packets: Packets) -> Iterator[int]:
    return (index for index, flags in enumerate(packets.flags) if flags & CORRUPT)


def _is_built_on(film: Film, damaged: int, kept: Sequence[Span]) -> bool:
    """Tell whether it, or a packet between it and the next key picture, is decoded."""
    flags = film.packets.flags
    following = (index for index in range(damaged + 1, len(flags)) if film.intra_only or flags[index] & KEY)
    stop = next(following, len(flags))
    place = bisect_left(kept, stop, key=lambda span: span[0]) - 1  # The last that begins before.
    return place >= 0 and kept[place][1] >= damaged


def cannot_be_decoded(seconds: float) -> ProcessingError:
    """Say which picture a film fails for."""
    return ProcessingError(
        FailureCode.CORRUPT_VIDEO, f"This video is damaged: its picture at {seconds:.3f} s cannot be decoded."
    )


async def _collect(reader: asyncio.StreamReader, into: list[bytes]) -> None:
    splitter = Splitter(ImageFormat.JPEG, _TILE_BYTES)
    while piece := await reader.read(PIPE_BYTES):
        into.extend(splitter.feed(piece))
