"""Which plans can be carried out on a file as it is, and which films are too damaged for theirs."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from operator import ge
from typing import Final

from app.domain.errors import ProcessingError
from app.domain.failure import JOINED, FailureCode
from app.domain.film import CORRUPT, KEY, NO_TIME, Film, Packets
from app.domain.plan import Plan, without_dropping
from app.domain.presentation import TIMES_BEGIN_ANEW
from app.infra.ffmpeg.expressions import Span

_UNTIMED: Final = 16
"""How many packets at a film's start may lack a decoding timestamp: more than any codec reorders."""
_MOST_RUNS: Final = 200_000
"""Of each ffmpeg is told in some 40 bytes; a film of six hours has fewer."""
_EXACT: Final = 2**53  # Beyond it ffmpeg's expressions, which are doubles, do not tell two times apart.


def settled(plan: Plan, film: Film, distrust: str | None) -> Plan:
    """Return the plan as it can be carried out: with all packets decoded where none can safely be left out.

    ``distrust`` is what the inspection has against the marks of key pictures.
    """
    if plan.keep is None:
        return plan
    why = distrust or _why_none_can_be_dropped(film, plan.keep)
    return plan if why is None else without_dropping(plan, why)


def _why_none_can_be_dropped(film: Film, keep: Sequence[Span]) -> str | None:
    """Return why packets cannot be left out by their decoding timestamps, None where they can."""
    if len(keep) > _MOST_RUNS:
        return "too many gaps between the packets that are needed"
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
    if plan is not None and plan.whole == TIMES_BEGIN_ANEW:
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
