"""The filters that carry out a plan: which packets reach the decoder, and which of its pictures are kept.

All is reckoned from columns that may have a million packets, so this belongs in a thread of its own.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import compress, groupby
from operator import attrgetter, gt
from typing import Final, Self, final

from app.domain.columns import BLOCK, Span, runs
from app.domain.culling import BLACK_BELOW, CELLS
from app.domain.film import DISCARD, KEY, NO_TIME, Film
from app.domain.plan import Plan, PlannedPicture
from app.infra.ffmpeg.feasibility import why_none_can_be_dropped
from app.infra.ffmpeg.look import comparable
from app.infra.ffmpeg.recipe import Recipe
from app.infra.ffmpeg.tiling import Tiling

_IS_KEY: Final = bytes(bool(flags & KEY) for flags in range(256))
_IS_SHOWN: Final = bytes(not flags & DISCARD for flags in range(256))
_IS_ZERO: Final = b"\1".ljust(256, b"\0")
_COUNTED: Final = "setpts=N"
"""Encoders refuse two pictures of the same time. The lines that name the pictures have their own times all the same."""
_CELLS: Final = f"scale=w={CELLS}:h={CELLS}:in_range=limited:out_range=full:flags=area,format=gray"
_BLACKNESS: Final = f"blackframe=amount=0:threshold={round(16 + 219 * BLACK_BELOW)}"  # Of brightness from 16 to 235.


@final
@dataclass(frozen=True, slots=True)
class Filters:
    """What one run of the decoder is given: the filter of its packets, None where all reach it, and of its pictures.

    ``pictures`` is how many pictures come out, those of the same time as a wanted one included, ``tiles`` how many
    small ones at most, and ``sheets`` how many sheets of these.
    """

    packets: str | None
    graph: str
    pictures: int
    tiles: int
    sheets: int

    @classmethod
    def of(cls, recipe: Recipe, plan: Plan, wanted: Sequence[PlannedPicture], tiling: Tiling) -> Self:
        """Return the filters for ``wanted``, pictures of the plan, and for those of them that are tiles too."""
        film, rendering, board = recipe.film, recipe.rendering, tiling.board
        chosen, count, places = _choice(film, plan, wanted)
        tiled = [places[spot.place] for spot in tiling.spots]
        small = rendering.tile(board.tile_width, board.tile_height)
        graph = (
            f"[0:{film.stream.index}]{chosen},{rendering.filters},split[one][other];"
            f"[one]{_COUNTED}[frames];"
            f"[other]{_selecting('n', _joined(tiled, tiled))},{small}[small];"
            f"{tiling.filters('small', 'tiles', 'sheets')}"
        )
        return cls(packet_filter(film, plan), graph, count, len(tiled), tiling.sheets)

    @classmethod
    def measuring(cls, recipe: Recipe, plan: Plan, wanted: Sequence[PlannedPicture]) -> Self:
        """Return the filters that measure pictures of the plan, small as they are compared."""
        film, options = recipe.film, recipe.options
        chosen, count, _ = _choice(film, plan, wanted)
        small = comparable(film.looks[recipe.look], options, recipe.limits.settings.max_pixels)
        measures = [*(["siti"] if options.sharpest else []), *([_BLACKNESS] if options.skip_black else [])]
        chain = [chosen, small, *measures, _CELLS, _COUNTED]
        graph = f"[0:{film.stream.index}]{','.join(chain)}[seen]"
        return cls(packet_filter(film, plan), graph, count, 0, 0)


def packet_filter(film: Film, plan: Plan | None = None) -> str | None:
    """Return the filter for the packets that do not reach the decoder, None where all do.

    Without a plan, or with one of all packets, those are left out from which no decoder can make a picture, so that
    they are not taken for damage.
    """
    if plan is not None and plan.keep is not None:
        return f"noise=drop='not(eq(dts,nopts)+{_within('dts', _kept_times(film, plan.keep))})'"
    hopeless = _undecodable(film)
    return f"noise=drop='{_within('n', list(runs(hopeless)))}'" if 1 in hopeless else None


def of_look(film: Film, plan: Plan, look: int) -> Plan:
    """Return the plan of the pictures that have one of the film's looks: without the packets of all others.

    Decoders lose pictures where their size changes, and filters are made for the first that they see. Where packets
    cannot be told by their times, all remain.
    """
    if plan.by_number or not film.changes:
        return plan
    first, last = film.packets_of(look)
    keep = tuple(runs(_undecodable(film).translate(_IS_ZERO))) if plan.keep is None else plan.keep
    cut = tuple((max(first, start), min(last, stop)) for start, stop in keep if start <= last and stop >= first)
    if plan.keep is None and why_none_can_be_dropped(film, cut) is not None:
        return plan
    if look and cut[:1] and cut[0][0] > first:  # The first one alone may have the headers of all.
        cut = ((first, first), *cut) if cut[0][0] > first + 1 else ((first, cut[0][1]), *cut[1:])
    return replace(plan, keep=cut)


def _undecodable(film: Film) -> bytearray:
    """Mark the packets before the first key picture with 1, and those after it that need what was before."""
    packets = film.packets
    keys = packets.flags.translate(_IS_KEY)
    first = max(keys.find(1), 0)
    marks = bytearray(len(packets))
    marks[:first] = b"\1" * first
    if film.first_shown is not None and not film.timeless:
        second = keys.find(1, first + 1)
        for index in range(first + 1, second if second >= 0 else len(packets)):
            marks[index] = NO_TIME < packets.pts[index] < film.first_shown
    return marks


def _kept_times(film: Film, keep: Sequence[Span]) -> list[Span]:
    """Return the kept packets as runs of decoding timestamps, by which both libraries name them.

    Packets without one, which Matroska has at its very start, are always kept.
    """
    dts = film.packets.dts
    times = []
    for first, last in keep:
        begin = next((index for index in range(first, last + 1) if dts[index] != NO_TIME), None)
        if begin is not None:
            times.append((dts[begin], dts[last]))
    return times


def _choice(film: Film, plan: Plan, wanted: Sequence[PlannedPicture]) -> tuple[str, int, Sequence[int]]:
    """Return the filter that lets the wanted pictures through, how many come through it, and which of these are they.

    Pictures of the same time cannot be told apart by it: all of them come, and the others are passed over.
    """
    numbers = [picture.number for picture in wanted]
    if plan.by_number:
        return _selecting("n", _joined(numbers, numbers)), len(numbers), range(len(numbers))
    often = Counter({picture.ticks: 0 for picture in wanted})
    for piece in _decoded_times(film, plan):
        often.update(filter(often.__contains__, piece))
    places, before = [], 0
    for ticks, same in groupby(wanted, key=attrgetter("ticks")):
        places += [before + picture.twins for picture in same]
        before += often[ticks]
    # No picture is shown between those of two numbers that follow each other.
    return _selecting("pts", _joined(numbers, [picture.ticks for picture in wanted])), before, places


def _joined(numbers: Sequence[int], values: Sequence[int]) -> list[Span]:
    """Return the runs of values whose numbers follow each other; both rise, and equal values are in one run."""
    found: list[Span] = []
    before: int | None = None
    for number, value in zip(numbers, values, strict=True):
        if found and before is not None and (number == before + 1 or value == found[-1][1]):
            found[-1] = (found[-1][0], value)
        else:
            found.append((value, value))
        before = number
    return found


def _selecting(variable: str, spans: Sequence[Span]) -> str:
    """Return the filter that lets only pictures through whose time (``pts``) or number (``n``) lies in the spans."""
    return f"select='{_within(variable, spans)}'"


def _within(variable: str, spans: Sequence[Span]) -> str:
    """Return an expression that is 1 where the variable lies in one of the spans, which rise and do not touch.

    It is a balanced tree: a chain of terms would be as deep as it is long, and ffmpeg refuses more than a hundred.
    """
    if not spans:
        return "0"
    if len(spans) == 1:
        first, last = spans[0]
        return f"between({variable},{first},{last})"
    half = len(spans) // 2
    return f"if(lt({variable},{spans[half][0]}),{_within(variable, spans[:half])},{_within(variable, spans[half:])})"


def _decoded_times(film: Film, plan: Plan) -> Iterator[Iterable[int]]:
    """Yield in pieces the presentation times of the packets whose pictures the decoder gives."""
    packets = film.packets
    given = packets.flags.translate(_IS_SHOWN)
    if plan.keep is None:
        hopeless = _undecodable(film)
        for first in range(0, len(packets), BLOCK):
            piece = slice(first, first + BLOCK)
            yield compress(packets.pts[piece], map(gt, given[piece], hopeless[piece]))
        return
    known = (index for index, dts in enumerate(packets.dts) if dts != NO_TIME)
    untimed = next(known, len(packets))  # They cannot be named, so they all reach the decoder.
    for first, last in [(0, untimed - 1), *((max(first, untimed), last) for first, last in plan.keep)]:
        piece = slice(first, last + 1)
        yield compress(packets.pts[piece], given[piece])
