from fractions import Fraction

import pytest

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.domain.film import KEY, NON_REFERENCE, Film
from app.domain.options import SelectionKind
from app.domain.plan import plan
from tests.domain.films import (
    AT,
    COUNT,
    EVERY,
    KEYS,
    NTH,
    RATE,
    Packet,
    film_of_packets,
    film_of_times,
    numbers,
    options,
    rounded,
    taken,
    with_b_pictures,
)

# A screen recording: dense at first, then a picture every 10 s of which the last stays for 10 s; and the reverse.
DENSE_THEN_STILL = film_of_times([round(n * 1000 / 30) for n in range(150)] + [10_000 * n for n in range(1, 6)], 10_000)
STILL_THEN_DENSE = film_of_times(
    [10_000 * n for n in range(6)] + [55_000 + round(n * 1000 / 30) for n in range(150)], 33
)
# A phone's clock wavers by a millisecond or two.
PHONE = film_of_times(
    [3000 * n + (n * 7919) % 400 - 200 if n else 0 for n in range(150)], 3000, time_base=Fraction(1, 90_000)
)
TIME_LAPSE = film_of_times([12_800 * n for n in range(30)], 12_800, time_base=Fraction(1, 12_800), group=250)
# Five pictures of the same time, as a recorder writes them that was asked for too much.
EQUAL_TIMES = film_of_times([40 * (n - max(0, min(n, 15) - 10)) for n in range(100)], 40, group=10)


@pytest.mark.parametrize(
    ("typed", "rate"), [(24, 24), (30, 30), (60, 60), (29.97, Fraction(30_000, 1001)), (23.976, Fraction(24_000, 1001))]
)
def test_at_its_own_rate_a_film_whose_times_are_rounded_gives_each_picture_once(typed: float, rate: float):
    assert taken(film_of_times(rounded(1000, Fraction(rate))), RATE, typed) == list(range(1000))


def test_at_half_its_rate_a_film_whose_times_are_rounded_gives_every_second_picture():
    assert taken(film_of_times(rounded(150, Fraction(30)), 33), RATE, 15) == list(range(0, 150, 2))


def test_a_phones_wavering_clock_loses_no_picture():
    assert taken(PHONE, RATE, 30) == list(range(150))


@pytest.mark.parametrize("decimals", [23.976, 23.98, 29.97, 59.94, 119.88])
def test_broadcasts_rates_are_meant_exactly_however_they_are_typed(decimals: float):
    rate = Fraction(round(decimals) * 1000, 1001)
    film = film_of_times(rounded(40_000, rate, Fraction(1, 90_000)), time_base=Fraction(1, 90_000))
    assert taken(film, RATE, decimals) == list(range(40_000))


def test_a_typed_part_of_a_second_means_the_fraction_next_to_it():
    planned = plan(film_of_times(rounded(9000, Fraction(30)), 33), options(EVERY, 0.0333333))
    assert numbers(planned) == list(range(9000))
    assert planned.pictures[3000].instants == (100.0,)


@pytest.mark.parametrize(
    ("film", "times", "right"),
    [
        (DENSE_THEN_STILL, [2, 7, 15, 25, 45, 55], [60, 149, 150, 151, 153, 154]),
        (DENSE_THEN_STILL, [55], [154]),
        (STILL_THEN_DENSE, [7, 59.95], [0, 154]),
    ],
)
def test_at_a_time_comes_the_picture_that_is_on_the_screen_then(film: Film, times: list[float], right: list[int]):
    assert taken(film, AT, times) == right


def test_a_still_picture_stands_for_all_instants_of_a_grid_at_which_it_is_on_the_screen():
    planned = plan(DENSE_THEN_STILL, options(RATE, 1, start_seconds=12.0, end_seconds=25.0))
    assert [(p.number, p.instants) for p in planned.pictures] == [
        (150, (12, 13, 14, 15, 16, 17, 18, 19)),
        (151, (20, 21, 22, 23, 24)),
    ]
    assert planned.files == 13
    assert taken(DENSE_THEN_STILL, RATE, 1, start_seconds=52.0) == [154] * 8


def test_a_part_that_starts_between_two_pictures_begins_with_the_one_on_the_screen():
    assert taken(TIME_LAPSE, RATE, 1, start_seconds=12.5, end_seconds=15.5) == [12, 13, 14]
    assert taken(TIME_LAPSE, NTH, 1, start_seconds=12.5, end_seconds=15.5) == [12, 13, 14, 15]


def test_a_part_starts_inclusively_and_ends_exclusively():
    assert taken(TIME_LAPSE, NTH, 1, start_seconds=3.0, end_seconds=6.0) == [3, 4, 5]
    assert taken(TIME_LAPSE, RATE, 1, start_seconds=3.0, end_seconds=6.0) == [3, 4, 5]
    assert taken(TIME_LAPSE, RATE, 1, start_seconds=3.0, end_seconds=6.001) == [3, 4, 5, 6]
    assert taken(TIME_LAPSE, AT, [2.9, 3, 6], start_seconds=3.0, end_seconds=6.0) == [3]


def test_a_picture_a_quarter_of_its_time_late_counts_as_being_there_and_a_later_one_does_not():
    film = film_of_times([0, 110, 200, 300], 100)
    assert taken(film, AT, [0.0874, 0.0875]) == [0, 1]
    assert taken(film, NTH, 1, start_seconds=0.0875) == [1, 2, 3]
    assert taken(film, NTH, 1, start_seconds=0.0874) == [0, 1, 2, 3]


def test_a_long_picture_hides_none_of_those_before_it():
    film = film_of_times([0, 40, 200, 9000, 10_000], 10_000)
    assert taken(film, AT, [0, 0.04, 8.9, 9, 9.7, 9.75]) == [0, 1, 3, 3, 3, 4]
    assert taken(DENSE_THEN_STILL, AT, [4, 4.9333]) == [120, 148]


def test_the_last_of_several_pictures_of_the_same_time_counts_as_being_there():
    assert taken(EQUAL_TIMES, AT, [0.389, 0.39, 0.4]) == [9, 15, 15]
    assert taken(EQUAL_TIMES, NTH, 1, start_seconds=0.4, end_seconds=0.48) == [10, 11, 12, 13, 14, 15, 16]


def test_a_pictures_tolerance_is_bounded_by_the_step_of_the_grid():
    film = film_of_times([0, 1000], 1000)
    assert taken(film, EVERY, 0.1)[7:10] == [0, 0, 0]  # 0.75 s would do for a time of its own.
    assert taken(film_of_times([0, 1025], 1000), EVERY, 0.1)[10] == 1


def test_the_films_end_counts_as_reached_when_the_clock_wavers_and_the_users_end_is_exact():
    film = film_of_times([0, 1000, 2000], 1240)
    assert plan(film, options(RATE, 1)).files == 3
    assert plan(film_of_times([0, 1000, 2000], 1260), options(RATE, 1)).files == 4
    assert plan(film, options(RATE, 1, end_seconds=3.001)).files == 3
    assert plan(film, options(RATE, 1, end_seconds=2.001)).files == 3
    assert plan(film, options(RATE, 1, start_seconds=3.2)).files == 1


def test_a_count_gives_so_many_different_pictures_also_where_most_of_the_time_is_still():
    assert len(set(taken(DENSE_THEN_STILL, COUNT, 20))) == 20
    assert taken(DENSE_THEN_STILL, COUNT, 5) == [0, 150, 151, 152, 153]
    assert taken(DENSE_THEN_STILL, COUNT, 155) == taken(DENSE_THEN_STILL, COUNT, 156) == list(range(155))


def test_a_count_is_evenly_spread_at_a_constant_rate():
    film = film_of_times(rounded(250, Fraction(25)), 40)
    assert taken(film, COUNT, 10) == list(range(0, 250, 25))
    assert taken(film, COUNT, 4, start_seconds=2.0, end_seconds=4.0) == [50, 62, 75, 87]


def test_of_pictures_that_last_no_time_a_count_takes_only_as_many_as_it_must():
    film = film_of_times([0, 0, 0, 0, 40, 80], 40)
    assert taken(film, COUNT, 3) == [3, 4, 5]
    assert len(set(taken(film, COUNT, 5))) == 5


def test_every_nth_counts_from_the_first_picture_of_the_part():
    assert taken(TIME_LAPSE, NTH, 7) == [0, 7, 14, 21, 28]
    assert taken(TIME_LAPSE, NTH, 7, start_seconds=5.0) == [5, 12, 19, 26]


def test_every_picture_comes_once_with_its_time_and_the_time_of_the_next():
    planned = plan(film_of_times([0, 40, 200], 100), options(NTH))
    assert [(p.time, p.until, p.instants) for p in planned.pictures] == [
        (0.0, 0.04, (0.0,)),
        (0.04, 0.2, (0.04,)),
        (0.2, 0.3, (0.2,)),
    ]
    assert planned.end == 0.3


def test_pictures_of_the_same_time_are_pictures_each_and_are_decoded_together():
    assert taken(EQUAL_TIMES, NTH) == list(range(100))
    planned = plan(EQUAL_TIMES, options(AT, [0.41]))
    assert [(p.number, p.twins) for p in planned.pictures] == [(15, 5)]
    assert planned.keep == ((10, 15),)
    alone = plan(film_of_times([0, 40, 40, 80], 40), options(NTH, 3))
    assert alone.keep == ((0, 0), (3, 3))


def test_twins_of_a_wanted_picture_are_decoded_though_nobody_needs_them():
    rows = [Packet(0, KEY), Packet(40, NON_REFERENCE), Packet(40, NON_REFERENCE), Packet(80, NON_REFERENCE)]
    planned = plan(film_of_packets(rows), options(AT, [0.045]))
    assert [(p.number, p.twins) for p in planned.pictures] == [(2, 1)]
    assert planned.keep == ((0, 2),)


def test_a_recording_cut_out_of_a_long_one_begins_at_zero():
    film = film_of_times([36_000_000 + 40 * n for n in range(100)], 40, origin=Fraction(36_000))
    planned = plan(film, options(RATE, 1))
    assert [p.time for p in planned.pictures] == [0.0, 1.0, 2.0, 3.0]
    assert planned.pictures[1].ticks == 36_001_000
    assert planned.end == 4.0


def test_the_first_picture_is_on_the_screen_also_before_its_time():
    film = film_of_times([2000, 3000], 1000)
    assert taken(film, RATE, 1) == [0, 0, 0, 1]
    assert taken(film, NTH, 1, end_seconds=1.0) == [0]


def test_key_pictures_are_what_is_marked_in_order_of_presentation():
    assert taken(film_of_times([40 * n for n in range(50)], 40, group=25), KEYS) == [0, 25]
    film = film_of_packets(with_b_pictures(10, open_groups=True))
    planned = plan(film, options(KEYS))
    assert planned.decoded(len(film.packets)) == 10
    assert [p.number for p in planned.pictures] == [0, *range(16, 160, 16)]


def test_a_part_without_a_key_picture_says_so():
    film = film_of_times([40 * n for n in range(100)], 40, group=50)
    with pytest.raises(ProcessingError, match=r"^This video is 4 s long and has no key picture in the chosen part\.$"):
        plan(film, options(KEYS, start_seconds=1.0, end_seconds=1.5))


def test_times_beyond_the_end_or_outside_the_part_are_left_out_and_named():
    planned = plan(TIME_LAPSE, options(AT, [1, 5, 29.9, 30, 31], start_seconds=2.0))
    assert numbers(planned) == [5, 29]
    assert planned.left_out == (1, 30, 31)


@pytest.mark.parametrize(
    ("film", "times", "part", "sentence"),
    [
        (
            film_of_times([0, 1000], 2200),
            [3.2],
            {},
            "This video is 3.2 s long, and none of the times asked for is in it.",
        ),
        (
            TIME_LAPSE,
            [4],
            {"end_seconds": 3.0},
            "This video is 30 s long, and none of the times asked for is in the chosen part of it.",
        ),
    ],
)
def test_times_of_which_none_is_in_the_film_fail_with_its_length(
    film: Film, times: list[float], part: dict[str, float], sentence: str
):
    with pytest.raises(ProcessingError) as failed:
        plan(film, options(AT, times, **part))
    assert (failed.value.failure, failed.value.message) == (FailureCode.NO_FRAMES, sentence)


@pytest.mark.parametrize("kind", [RATE, COUNT, NTH, KEYS, AT])
@pytest.mark.parametrize("start", [5.31, 6.0])
def test_a_start_after_the_end_fails_with_the_films_length(kind: SelectionKind, start: float):
    film = film_of_times([0, 1000], 4310)
    with pytest.raises(ProcessingError) as failed:
        plan(film, options(kind, [5.4] if kind is AT else 1, start_seconds=start))
    assert failed.value.failure is FailureCode.NO_FRAMES
    assert failed.value.message == "The chosen start is later than the end of this video, which is 5.31 s long."


def test_more_files_than_are_allowed_are_refused_before_they_are_planned():
    for kind, value in ((RATE, 2), (NTH, 1), (COUNT, 30), (EVERY, 0.5)):
        with pytest.raises(ProcessingError) as failed:
            plan(TIME_LAPSE, options(kind, value), most=29)
        assert failed.value.failure is FailureCode.TOO_MANY_FRAMES
    assert plan(TIME_LAPSE, options(NTH), most=30).files == 30


def test_the_last_picture_stays_as_long_as_pictures_usually_do_where_nobody_says_how_long():
    assert plan(film_of_times([0, 40, 80, 1000]), options(NTH)).end == 1.04
    assert plan(film_of_times([0], frames_per_second=25.0), options(NTH)).end == 0.04


def test_where_durations_are_those_of_decoding_only_the_last_pictures_own_counts():
    rows = [Packet(0, KEY, 1000), Packet(30_000, 0, 10_000), Packet(29_000, 0, 10_000), Packet(30_033, 0, 33)]
    assert plan(film_of_packets(rows), options(NTH)).end == 30.066


def test_a_single_picture_of_unknown_duration_is_always_on_the_screen():
    film = film_of_times([0])
    assert taken(film, RATE, 1) == taken(film, COUNT, 3) == taken(film, NTH, 1, start_seconds=9.0) == [0]
    assert taken(film, AT, [0, 5]) == [0, 0]
