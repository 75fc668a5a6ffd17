"""The plan: from a film's packets and a user's options to the pictures that are taken and the packets that they need.

No clock, no file and no decoder: the same facts always give the same plan.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import final

from app.domain.choice import Chosen, Part, choose, of_numbers
from app.domain.dependencies import needed
from app.domain.film import KEY, Film
from app.domain.options import ExtractionOptions, SelectionKind
from app.domain.presentation import Presentation, is_marked, only_the_decoder_knows, present


@final
@dataclass(frozen=True, slots=True)
class PlannedPicture:
    """A picture that is taken.

    ``number`` counts the film's pictures in order of presentation, from 0; ``ticks`` is its presentation time in the
    film's time base (in a film without, the decoding time that stands for it), and ``twins`` how many pictures of the
    same ticks come before it. ``look`` is which of the film's looks it has. It is on the screen from ``time`` to
    ``until``, seconds from the start of the presentation, and stands for the asked ``instants``: one file each.
    """

    number: int
    ticks: int
    time: float
    until: float
    instants: tuple[float, ...]
    twins: int = 0
    look: int = 0


@final
@dataclass(frozen=True, slots=True)
class Plan:
    """What is taken and what is decoded for it.

    ``pictures`` are distinct and in order of presentation. ``keep`` are ranges (first, last) of packets in decoding
    order, None where all are decoded, and ``whole`` says why that is. ``by_number`` says that pictures are known by
    their number among those that the decoder gives, not by their time. ``left_out`` are asked times at which nothing
    can be taken, ``end`` is the film's, in seconds from the start of the presentation.
    """

    pictures: tuple[PlannedPicture, ...]
    keep: tuple[tuple[int, int], ...] | None
    whole: str | None
    by_number: bool
    left_out: tuple[float, ...]
    end: float

    @property
    def files(self) -> int:
        """How many files the ZIP will hold."""
        return sum(len(picture.instants) for picture in self.pictures)

    def decoded(self, packets: int) -> int:
        """Return how many of so many packets the decoder gets."""
        return packets if self.keep is None else sum(last - first + 1 for first, last in self.keep)


def needs_survey(film: Film, options: ExtractionOptions) -> bool:
    """Return whether the decoder must first say which pictures it would choose: see ``plan_surveyed``."""
    if options.select.kind is SelectionKind.KEYFRAMES_ONLY:
        return only_the_decoder_knows(film) or not is_marked(film.packets)
    return options.select.kind is SelectionKind.SCENE_CHANGE


def plan(film: Film, options: ExtractionOptions, *, most: int | None = None, shown: Presentation | None = None) -> Plan:
    """Return what is taken of a film and what is decoded for it; ``shown`` is its presentation, where it is known.

    Raises ProcessingError: NO_FRAMES where nothing can be taken, TOO_MANY_FRAMES where there would be more than
    ``most`` files; ValueError where a survey is needed.
    """
    if needs_survey(film, options):
        raise ValueError("Only the decoder knows which pictures these are: plan what it has surveyed.")
    shown = shown or present(film)
    return _planned(film, shown, choose(shown, options, _keys(film, shown), most))


def plan_surveyed(
    film: Film,
    options: ExtractionOptions,
    surveyed: Sequence[tuple[int, int]],
    *,
    most: int | None = None,
    shown: Presentation | None = None,
) -> Plan:
    """Return the plan for pictures that the decoder chose in a first pass over the whole film.

    ``surveyed`` are their numbers in the decoder's output and their ticks, in order; ``shown`` is as in ``plan``.
    Raises what ``plan`` raises, ValueError where no survey is needed.
    """
    shown = shown or present(film)
    numbers = sorted(set(_recognised(shown, surveyed)))
    if options.select.kind is SelectionKind.SCENE_CHANGE:
        used = Part.of(shown, options).pictures(shown)
        scenes = [used[0], *(number for number in numbers if number in used[1:])]  # The part's first is always new.
        return _planned(film, shown, of_numbers(shown, scenes, most))
    if not needs_survey(film, options):
        raise ValueError("This choice is planned from the packets.")
    return _planned(film, shown, choose(shown, options, numbers, most))


def without_dropping(plan: Plan, why: str) -> Plan:
    """Return the same pictures with all packets decoded, for when the planned decoding did not give them."""
    return replace(plan, keep=None, whole=why)


def _keys(film: Film, shown: Presentation) -> Iterator[int]:
    marks = film.packets.flags
    return (number for number, place in enumerate(shown.packets or ()) if marks[place] & KEY)


def _recognised(shown: Presentation, surveyed: Sequence[tuple[int, int]]) -> Iterator[int]:
    """Return the numbers of the pictures that the decoder means; what is no picture of the film is passed over."""
    for number, ticks in surveyed:
        first, stop = bisect_left(shown.ticks, ticks), bisect_right(shown.ticks, ticks)
        twins = range(len(shown)) if shown.by_number else range(first, stop)
        if number in twins:
            yield number
        elif not shown.by_number and twins:
            yield twins[0]


def _planned(film: Film, shown: Presentation, chosen: Chosen) -> Plan:
    pictures = []
    for number, instants in chosen.pictures:
        pictures.append(
            PlannedPicture(
                number,
                shown.ticks[number],
                shown.seconds(shown.begins[number]),
                shown.seconds(shown.until(number)),
                instants,
                0 if shown.by_number else number - shown.twins(number).start,
                # Where only the decoder knows its packet, it is one near that of the same number.
                film.look_at(number if shown.packets is None else shown.packets[number]),
            )
        )
    return Plan(
        tuple(pictures),
        _keep(film, shown, [number for number, _ in chosen.pictures]),
        shown.whole,
        shown.by_number,
        chosen.left_out,
        shown.seconds(shown.end),
    )


def _keep(film: Film, shown: Presentation, numbers: Sequence[int]) -> tuple[tuple[int, int], ...] | None:
    """Return the packets to decode; of pictures of the same time all, since they are told apart by their order."""
    if shown.whole is not None or shown.packets is None:
        return None
    wanted: set[int] = set()
    stop = 0
    for number in numbers:
        if number >= stop:
            twins = shown.twins(number)
            wanted.update(shown.packets[twins.start : twins.stop])
            stop = twins.stop
    return needed(film, sorted(wanted))
