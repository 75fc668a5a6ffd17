"""Which plans can be carried out on a file as it is, and which films are too damaged for theirs."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from app.domain.columns import Span, highest, lowest, rises
from app.domain.errors import ProcessingError
from app.domain.failure import JOINED, FailureCode
from app.domain.film import CORRUPT, KEY, NO_TIME, Film
from app.domain.losses import is_spoilt
from app.domain.options import ExtractionOptions, SelectionKind
from app.domain.plan import Plan, without_dropping
from app.domain.presentation import TIMES_BEGIN_ANEW

_UNTIMED: Final = 16
"""How many packets at a film's start may lack a decoding timestamp: more than any codec reorders."""
_MOST_RUNS: Final = 200_000
"""Of each ffmpeg is told in some 40 bytes; a film of six hours has fewer."""
_IS_CORRUPT: Final = bytes(bool(flags & CORRUPT) for flags in range(256))
_IS_KEY: Final = bytes(bool(flags & KEY) for flags in range(256))
_COUNTING: Final = frozenset({SelectionKind.EVERY_NTH_FRAME, SelectionKind.KEYFRAMES_ONLY, SelectionKind.COUNT})
_EXACT: Final = 2**53  # Beyond it ffmpeg's expressions, which are doubles, do not tell two times apart.


def settled(plan: Plan, film: Film, distrust: str | None) -> Plan:
    """Return the plan as it can be carried out: with all packets decoded where none can safely be left out.

    ``distrust`` is what the inspection has against the marks of key pictures.
    """
    if plan.keep is None:
        return plan
    why = distrust or why_none_can_be_dropped(film, plan.keep)
    return plan if why is None else without_dropping(plan, why)


def why_none_can_be_dropped(film: Film, keep: Sequence[Span]) -> str | None:
    """Return why packets cannot be left out by their decoding timestamps, None where they can."""
    if len(keep) > _MOST_RUNS:
        return "too many gaps between the packets that are needed"
    dts = film.packets.dts
    known = next((index for index, time in enumerate(dts) if time != NO_TIME), len(dts))
    if known > _UNTIMED:
        return "packets without decoding times"
    if not rises(dts[known:], strictly=True):
        return "decoding times that do not rise"
    return None


def by_exact_times(plan: Plan, film: Film) -> Plan:
    """Return the plan, by number where ffmpeg's expressions would not tell all of the film's times apart."""
    pts = film.packets.pts
    if plan.by_number or ((lowest(pts, but=NO_TIME) or 0) > -_EXACT and (highest(pts) or 0) < _EXACT):
        return plan
    return replace(without_dropping(plan, "times too large to be told apart"), by_number=True)


def refuse_too_much(film: Film, plan: Plan | None, most_pixels: int) -> None:
    """Raise where more pixels would have to be decoded than may be, however small their file is.

    Without a plan all packets are decoded.
    """
    packets = len(film.packets)
    pictures = packets if plan is None else plan.decoded(packets)
    if pictures * max(look.width * look.height for look in film.looks) > most_pixels:
        raise ProcessingError(FailureCode.TOO_MUCH_TO_DECODE)


def refuse_damaged(film: Film, plan: Plan | None, options: ExtractionOptions) -> None:
    """Raise where the container says that a packet is damaged, or missing, on which a planned picture may build.

    ffmpeg leaves damaged packets out. Where one is, others can be missing that nobody marks, so that the rest of its
    group of pictures is not to be trusted either. Without a plan all packets are decoded.
    """
    kept = plan.keep if plan is not None else None
    damaged = _first_damaged(film, kept)
    lost = next(
        (p for p in film.losses if kept is None or is_spoilt(film, p, kept) or _is_missed(film, plan, options, p)), None
    )
    if damaged is None and lost is None:
        return
    if film.appended or (plan is not None and plan.whole == TIMES_BEGIN_ANEW):
        raise ProcessingError(FailureCode.CORRUPT_VIDEO, JOINED)  # Something lacks where one begins after the other.
    if damaged is not None:
        raise cannot_be_decoded(_seconds(film, damaged))
    if lost is not None:
        said = f"This video is damaged: at {_seconds(film, lost):.3f} s some of it is missing."
        raise ProcessingError(FailureCode.CORRUPT_VIDEO, said)


def _first_damaged(film: Film, kept: Sequence[Span] | None) -> int | None:
    """Return the first damaged packet which is decoded, or after which one of its group of pictures is; None for none.

    ``kept`` are the packets that are decoded, None for all.
    """
    flags = film.packets.flags
    corrupt, keys = flags.translate(_IS_CORRUPT), flags.translate(_IS_KEY)
    damaged = corrupt.find(1)
    while damaged >= 0 and kept is not None:
        stop = damaged + 1 if film.intra_only else keys.find(1, damaged + 1)
        stop = len(flags) if stop < 0 else stop
        place = bisect_left(kept, stop, key=lambda span: span[0]) - 1  # The last that begins before.
        if place >= 0 and kept[place][1] >= damaged:
            break
        damaged = corrupt.find(1, stop)
    return damaged if damaged >= 0 else None


def _is_missed(film: Film, plan: Plan | None, options: ExtractionOptions, loss: int) -> bool:
    """Return whether pictures are chosen by counting, or all of a kind are, and some of them may be missing."""
    select = options.select
    taken = len(plan.pictures) if plan is not None else 0
    if select.kind not in _COUNTING or (select.kind is SelectionKind.COUNT and taken >= select.value):
        return False
    end = options.end_seconds
    return _seconds(film, loss) >= (options.start_seconds or 0) and (end is None or _seconds(film, loss) < end)


def _seconds(film: Film, place: int) -> float:
    """Return when a packet's picture comes on the screen, 0 where nobody knows."""
    packets = film.packets
    times = (packets.pts[place], packets.dts[place]) if place >= 0 else ()
    known = next((time for time in times if time != NO_TIME), None)
    return float(known * packets.time_base - film.origin) if known is not None else 0.0


def cannot_be_decoded(seconds: float) -> ProcessingError:
    """Return which picture a film fails for."""
    return ProcessingError(
        FailureCode.CORRUPT_VIDEO, f"This video is damaged: its picture at {seconds:.3f} s cannot be decoded."
    )
