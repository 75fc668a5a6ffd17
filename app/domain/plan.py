"""The plan: from a film's packets and a user's options to the pictures that are taken and the packets that they need.

No clock, no file and no decoder: the same facts always give the same plan.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, final

from app.domain.choice import Chosen, choose, length_of, of_numbers
from app.domain.culling import Culled, Culling, Group, groups_near, groups_of_scenes, numbers_of
from app.domain.dependencies import needed
from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.domain.film import KEY, Film
from app.domain.frame import Scores
from app.domain.options import ExtractionOptions, SelectionKind
from app.domain.presentation import Presentation, is_marked, only_the_decoder_knows, present
from app.domain.scenes import Scene, scenes_of

_SEEN_FOR_EACH: Final = 4
"""So many pictures may be looked at for each file that a ZIP may hold."""
TOO_MANY_SEEN: Final = "Too many pictures would have to be compared: take fewer, or of a part of the video."


@final
@dataclass(frozen=True, slots=True)
class PlannedPicture:
    """A picture that is taken.

    ``number`` counts the film's pictures in order of presentation, from 0; ``ticks`` is its presentation time in the
    film's time base (in a film without, the decoding time that stands for it), and ``twins`` how many pictures of the
    same ticks come before it. ``look`` is which of the film's looks it has. It is on the screen from ``time`` to
    ``until``, seconds from the start of the presentation, and stands for the asked ``instants``: one file each.
    ``scores`` are what it was chosen by.
    """

    number: int
    ticks: int
    time: float
    until: float
    instants: tuple[float, ...]
    twins: int = 0
    look: int = 0
    scores: Scores | None = None


@final
@dataclass(frozen=True, slots=True)
class Plan:
    """What is taken and what is decoded for it.

    ``pictures`` are distinct and in order of presentation. ``keep`` are ranges (first, last) of packets in decoding
    order, None where all are decoded, and ``whole`` says why that is. ``by_number`` says that pictures are known by
    their number among those that the decoder gives, not by their time. ``left_out`` are asked times at which nothing
    can be taken, ``end`` is the film's, in seconds from the start of the presentation. ``culled`` is what was left out
    after it was looked at, ``scenes`` are those of the film where the choice is by them; else both are None.
    """

    pictures: tuple[PlannedPicture, ...]
    keep: tuple[tuple[int, int], ...] | None
    whole: str | None
    by_number: bool
    left_out: tuple[float, ...]
    end: float
    culled: Culled | None = None
    scenes: tuple[Scene, ...] | None = None

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
    if not needs_survey(film, options):
        raise ValueError("This choice is planned from the packets.")
    shown = shown or present(film)
    if options.select.kind is SelectionKind.SCENE_CHANGE:
        scenes = scenes_of(shown, options, sorted(set(_recognised(shown, surveyed))))
        chosen = of_numbers(shown, [scene.start for scene in scenes], most)
        return replace(_planned(film, shown, chosen), scenes=_told(shown, options, scenes, [s.start for s in scenes]))
    return _planned(film, shown, choose(shown, options, sorted(set(_recognised(shown, surveyed))), most))


@final
@dataclass(frozen=True, slots=True)
class Candidates:
    """What must be looked at before it is known what is taken.

    ``plan`` has all its pictures once, in order; ``groups`` say which of them are for which instants. ``scenes`` are
    the pictures of each scene, where the choice is by scenes: each has a group.
    """

    plan: Plan
    groups: list[Group]
    scenes: list[range] | None


def candidates(
    film: Film,
    options: ExtractionOptions,
    surveyed: Sequence[tuple[int, int]] | None = None,
    *,
    most: int | None = None,
    shown: Presentation | None = None,
) -> Candidates:
    """Return what must be looked at for options that cull; ``surveyed`` as in ``plan_surveyed``, None without one.

    Raises ProcessingError: NO_FRAMES where nothing can be taken, TOO_MANY_FRAMES where there is too much to look at.
    """
    shown = shown or present(film)
    found = None if surveyed is None else sorted(set(_recognised(shown, surveyed)))
    most = most and most * _SEEN_FOR_EACH
    scenes: list[range] | None = None
    left_out: tuple[float, ...] = ()
    if options.select.kind is SelectionKind.SCENE_CHANGE:
        scenes = scenes_of(shown, options, found or [])
        groups = list(groups_of_scenes(shown, options, scenes))
    else:
        chosen = choose(shown, options, _keys(film, shown) if found is None else found, most)
        groups, left_out = list(groups_near(shown, options, chosen)), chosen.left_out
    numbers = list(numbers_of(groups))
    if most is not None and len(numbers) > most:
        raise ProcessingError(FailureCode.TOO_MANY_FRAMES, TOO_MANY_SEEN)
    return Candidates(_planned(film, shown, Chosen([(n, (0.0,)) for n in numbers], left_out)), groups, scenes)


def plan_culled(
    film: Film,
    seen: Candidates,
    culling: Culling,
    *,
    most: int | None = None,
    shown: Presentation | None = None,
) -> Plan:
    """Return the plan for what is kept of the candidates, all of which the culling has seen.

    Raises ProcessingError: NO_FRAMES where nothing is kept, TOO_MANY_FRAMES where there would be more than ``most``.
    """
    shown = shown or present(film)
    if len(culling.takes) < len(seen.groups):
        raise ValueError("Not all candidates were seen.")
    if not culling.kept:  # Of what is not black the first is always kept.
        said = f"This video is {length_of(shown)} long, and all pictures that were looked at are black."
        raise ProcessingError(FailureCode.NO_FRAMES, said)
    if most is not None and sum(len(instants) for _, instants in culling.kept) > most:
        raise ProcessingError(FailureCode.TOO_MANY_FRAMES)
    planned = _planned(film, shown, Chosen(culling.kept, seen.plan.left_out), culling.scores)
    scenes = None if seen.scenes is None else _told(shown, culling.options, seen.scenes, culling.takes)
    return replace(planned, culled=culling.summary, scenes=scenes)


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


def _told(
    shown: Presentation, options: ExtractionOptions, scenes: Sequence[range], takes: Sequence[int | None]
) -> tuple[Scene, ...]:
    """Return the scenes for people: each lasts until the next one begins, and together they are the whole part."""
    end = shown.seconds(shown.end)
    starts = [options.start_seconds or 0.0, *(shown.seconds(shown.begins[scene.start]) for scene in scenes[1:])]
    stop = end if options.end_seconds is None else min(end, options.end_seconds)
    return tuple(map(Scene, starts, [*starts[1:], stop], takes))


def _planned(film: Film, shown: Presentation, chosen: Chosen, scores: Mapping[int, Scores] | None = None) -> Plan:
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
                None if scores is None else scores[number],
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
