"""The filters that carry out a plan: which packets reach the decoder, and which of its pictures are kept.

All is reckoned from columns that may have a million packets, so this belongs in a thread of its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, takewhile
from typing import Final, Self, final

from app.domain.film import DISCARD, KEY, NO_TIME, Film
from app.domain.plan import Plan, PlannedPicture
from app.infra.ffmpeg.expressions import Span, keeping, leaving_out, selecting, spans
from app.infra.ffmpeg.look import Rendering

_COUNTED: Final = "setpts=N"
"""Encoders refuse two pictures of the same time. The lines that name the pictures have their own times all the same."""


@final
@dataclass(frozen=True, slots=True)
class Filters:
    """What one run of the decoder is given: the filter of its packets, None where all reach it, and of its pictures.

    ``pictures`` and ``tiles`` are how many pictures and small ones come out, those of the same time as a wanted one
    included.
    """

    packets: str | None
    graph: str
    pictures: int
    tiles: int

    @classmethod
    def of(
        cls,
        film: Film,
        plan: Plan,
        rendering: Rendering,
        wanted: Sequence[PlannedPicture],
        tiles: Sequence[PlannedPicture],
    ) -> Self:
        """Return the filters for ``wanted``, pictures of the plan, and for those of them that are tiles too."""
        small_numbers = {picture.number for picture in tiles}
        places = [place for place, picture in enumerate(wanted) if picture.number in small_numbers]
        chosen, count = _choice(film, plan, wanted, [picture.number for picture in wanted])
        small, small_count = _choice(film, plan, tiles, places)
        graph = (
            f"[0:{film.stream.index}]{chosen},split[one][other];"
            f"[one]{rendering.filters},{_COUNTED}[frames];"
            f"[other]{small},{rendering.filters},{rendering.thumbnail},{_COUNTED}[tiles]"
        )
        return cls(packet_filter(film, plan), graph, count, small_count)


def packet_filter(film: Film, plan: Plan | None = None) -> str | None:
    """Return the filter for the packets that do not reach the decoder, None where all do.

    Without a plan, or with one of all packets, those are left out from which no decoder can make a picture, so that
    they are not taken for damage.
    """
    if plan is not None and plan.keep is not None:
        return keeping("dts", _kept_times(film, plan.keep), always="eq(dts,nopts)")
    hopeless = _undecodable(film)
    return leaving_out("n", _runs_of_numbers(hopeless)) if hopeless else None


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
