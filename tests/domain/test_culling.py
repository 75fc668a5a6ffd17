"""Which pictures are worth keeping, by hand: no decoder, and measures that a story gives."""

import csv
from collections.abc import Sequence
from io import StringIO

import pytest

from app.domain.culling import CELLS, Culling, Group, Measured, changed
from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.domain.film import Film
from app.domain.options import ExtractionOptions
from app.domain.plan import Candidates, Plan, candidates, plan_culled, plan_surveyed
from app.domain.scenes import Scene, report
from tests.domain.films import AT, COUNT, NTH, RATE, SCENES, film_of_times, options

TEN_A_SECOND = film_of_times(range(0, 3000, 100), 100)
"""Thirty pictures: number n is at n/10 s."""


def looking(level: int = 0, changing: int = 0, *, sharpness: float = 1.0, blackness: float = 0.0) -> Measured:
    """A picture of one brightness, with so many of its cells white."""
    return Measured(sharpness, blackness, bytes([255] * changing).ljust(CELLS * CELLS, bytes([level])))


def culled(film: Film, wanted: ExtractionOptions, looks: Sequence[Measured], most: int | None = None) -> Plan:
    """Show all candidates, each as it looks."""
    seen = candidates(film, wanted, most=most)
    culling = Culling(wanted, seen.groups)
    for picture in seen.plan.pictures:
        culling.see(picture.number, looks[picture.number])
    return plan_culled(film, seen, culling, most=most)


def kept(plan: Plan) -> list[tuple[int, tuple[float, ...]]]:
    return [(picture.number, picture.instants) for picture in plan.pictures]


def test_a_picture_that_is_like_the_last_one_kept_is_left_out_and_the_first_is_always_there():
    levels = [40] * 10 + [46] * 10 + [40, 42, 44, 46, 48, 50, 52, 54, 56, 58]  # The last ones change slowly.
    plan = culled(TEN_A_SECOND, options(NTH, distinct=0.02), [looking(level) for level in levels])
    assert [picture.number for picture in plan.pictures] == [0, 10, 20, 23, 26, 29]
    assert plan.culled
    assert (plan.culled.seen, plan.culled.black, plan.culled.alike) == (30, 0, 24)
    assert [picture.scores and picture.scores.difference for picture in plan.pictures] == [None, 1, 1, 1, 1, 1]


def test_the_share_that_must_have_changed_is_the_threshold():
    cells = CELLS * CELLS
    looks = [looking(40, 0), looking(40, cells // 50), looking(40, cells // 50 + 82), *[looking(40)] * 27]
    plan = culled(TEN_A_SECOND, options(COUNT, 30, distinct=0.02), looks)
    assert [picture.number for picture in plan.pictures] == [0, 2, 3]
    assert changed(looks[0].cells, looks[2].cells) == (cells // 50 + 82) / cells


def test_what_is_shown_for_several_instants_is_there_once_where_pictures_are_to_be_distinct():
    still = film_of_times([0], 60_000)
    assert kept(culled(still, options(RATE, distinct=0.5), [looking()])) == [(0, (0.0,))]
    assert len(kept(culled(still, options(RATE, sharpest=True), [looking()]))[0][1]) == 60


def test_the_sharpest_is_looked_for_within_half_a_step_and_half_a_second_of_each_instant():
    looks = [looking(sharpness=2 if number in {4, 5, 14, 24, 26} else 1) for number in range(30)]
    plan = culled(TEN_A_SECOND, options(RATE, sharpest=True), looks)
    assert kept(plan) == [(4, (0.0,)), (14, (1.0,)), (24, (2.0,))]  # Of equal ones the nearest: 14, not 5.
    often = culled(TEN_A_SECOND, options(RATE, 5, start_seconds=1, end_seconds=2, sharpest=True), looks)
    assert [number for number, _ in kept(often)] == [10, 12, 14, 16, 18]
    rarely = culled(TEN_A_SECOND, options(AT, [1.9], sharpest=True), [*looks[:13], looking(sharpness=9), *looks[14:]])
    assert kept(rarely) == [(14, (1.9,))]  # What is sharper still is 0.6 s away.


def test_pictures_that_are_looked_at_for_one_instant_are_few_however_many_a_second_there_are():
    slow_motion = film_of_times(range(0, 3000, 4), 4)
    seen = candidates(slow_motion, options(AT, [1.0, 2.0], sharpest=True))
    assert [list(group.candidates) for group in seen.groups] == [list(range(242, 259)), list(range(492, 509))]


def test_black_pictures_are_left_out_and_a_film_of_nothing_else_fails_with_a_sentence():
    looks = [looking(blackness=0.98 if number < 10 else 0.97) for number in range(30)]
    plan = culled(TEN_A_SECOND, options(RATE, 2, skip_black=True), looks)
    assert [number for number, _ in kept(plan)] == [10, 15, 20, 25]
    assert plan.culled
    assert plan.culled.black == 2
    near = culled(TEN_A_SECOND, options(RATE, 1, skip_black=True, sharpest=True), looks)
    assert kept(near)[0] == (10, (1.0,))  # 5 to 9 are black, and 0 to 4 too.
    with pytest.raises(ProcessingError, match="3 s long, and all pictures that were looked at are black") as refused:
        culled(TEN_A_SECOND, options(RATE, skip_black=True), [looking(blackness=1.0)] * 30)
    assert refused.value.failure is FailureCode.NO_FRAMES


def test_the_limit_counts_what_is_kept_and_what_is_looked_at_has_one_of_its_own():
    assert len(culled(TEN_A_SECOND, options(NTH, distinct=0.02), [looking()] * 30, most=8).pictures) == 1
    different = [looking(40 * (number % 2)) for number in range(30)]
    for looks, most in ((different, 29), ([looking()] * 30, 7)):
        with pytest.raises(ProcessingError) as refused:
            culled(TEN_A_SECOND, options(NTH, distinct=0.02), looks, most=most)
        assert refused.value.failure is FailureCode.TOO_MANY_FRAMES


CUTS = [(10, 1000), (12, 1200), (28, 2800)]


def test_scenes_cover_the_part_and_none_is_shorter_than_it_may_be():
    plain = plan_surveyed(TEN_A_SECOND, options(SCENES, 0.4), CUTS)
    assert plain.scenes == (Scene(0, 1, 0), Scene(1, 1.2, 10), Scene(1.2, 2.8, 12), Scene(2.8, 3, 28))
    longer = plan_surveyed(TEN_A_SECOND, options(SCENES, 0.4, min_scene_seconds=0.5), CUTS)
    assert longer.scenes == (Scene(0, 1, 0), Scene(1, 3, 10))
    part = plan_surveyed(TEN_A_SECOND, options(SCENES, 0.4, start_seconds=0.55, end_seconds=2.5), CUTS)
    assert part.scenes == (Scene(0.55, 1, 5), Scene(1, 1.2, 10), Scene(1.2, 2.5, 12))


def test_the_sharpest_picture_of_a_scene_stands_for_it_and_one_that_is_all_black_has_none():
    wanted = options(SCENES, 0.4, sharpest=True, skip_black=True)
    seen = candidates(TEN_A_SECOND, wanted, CUTS)
    culling = Culling(wanted, seen.groups)
    for picture in seen.plan.pictures:
        number = picture.number
        culling.see(number, looking(sharpness=number % 10, blackness=float(number in {10, 11})))
    plan = plan_culled(TEN_A_SECOND, seen, culling)
    assert kept(plan) == [(9, (0.0,)), (19, (1.2,)), (29, (2.8,))]
    assert plan.scenes
    assert [scene.number for scene in plan.scenes] == [9, None, 19, 29]


def test_not_all_pictures_of_a_long_scene_are_looked_at():
    seen = candidates(film_of_times(range(0, 100_000, 100), 100), options(SCENES, sharpest=True), [])
    assert [len(group.candidates) for group in seen.groups] == [16]


def test_the_report_is_a_table_with_a_row_for_each_scene():
    rows = csv.reader(StringIO(report([Scene(0, 1.5, 3), Scene(1.5, 4, None)], {3: ("a.jpg", 0.1)}).decode()))
    assert list(rows) == [
        ["scene", "startSeconds", "endSeconds", "file", "pictureSeconds"],
        ["1", "0", "1.5", "a.jpg", "0.1"],
        ["2", "1.5", "4", "", ""],
    ]


def test_a_plan_of_what_was_not_seen_is_refused():
    wanted = options(NTH, distinct=0.02)
    seen = candidates(TEN_A_SECOND, wanted)
    assert isinstance(seen, Candidates)
    assert isinstance(seen.groups[0], Group)
    with pytest.raises(ValueError, match="Not all"):
        plan_culled(TEN_A_SECOND, seen, Culling(wanted, seen.groups))
