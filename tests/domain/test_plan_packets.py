from fractions import Fraction

import pytest

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.domain.film import CORRUPT, DISCARD, KEY, NO_TIME, NON_REFERENCE, OPEN, SECOND, Film
from app.domain.plan import needs_survey, plan, plan_surveyed, without_dropping
from tests.domain.films import (
    AT,
    EVERY,
    KEYS,
    NTH,
    RATE,
    SCENES,
    Packet,
    film_of_packets,
    film_of_times,
    kept,
    numbers,
    options,
    rounded,
    taken,
    with_b_pictures,
)

TIME_LAPSE = film_of_times([12_800 * n for n in range(30)], 12_800, time_base=Fraction(1, 12_800), group=250)
# Five pictures of the same time, as a recorder writes them that was asked for too much.
EQUAL_TIMES = film_of_times([40 * (n - max(0, min(n, 15) - 10)) for n in range(100)], 40, group=10)


def avi_with_b_pictures() -> Film:
    rows = [Packet(NO_TIME, KEY if n % 50 == 0 else 0, 1, n) for n in range(600)]
    return film_of_packets(rows, Fraction(1, 10), container="avi", timeless=True)


def joined() -> Film:
    times = rounded(96, Fraction(24))
    rows = [Packet(time, KEY if n % 24 == 0 else 0, 0, time) for n, time in enumerate(times)]
    return film_of_packets(rows + rows, container="matroska")


def test_pictures_before_the_first_key_picture_are_none_of_the_film():
    rows = [Packet(0), Packet(40), Packet(80, KEY), Packet(120), Packet(160)]
    planned = plan(film_of_packets(rows), options(NTH))
    assert [p.ticks for p in planned.pictures] == [80, 120, 160]
    assert planned.keep == ((2, 4),)


def test_pictures_that_the_decoder_cannot_give_before_the_first_key_picture_are_none_of_the_film():
    rows = [Packet(80, KEY), Packet(0, NON_REFERENCE), Packet(40, NON_REFERENCE), Packet(120)]
    assert [p.ticks for p in plan(film_of_packets(rows, first_shown=80), options(NTH)).pictures] == [80, 120]
    can = plan(film_of_packets(rows), options(NTH, 3))
    assert [p.ticks for p in can.pictures] == [0, 120]
    assert can.keep == ((0, 1), (3, 3))


def test_pictures_that_an_edit_list_hides_are_decoded_for_others_and_never_taken():
    rows = [Packet(-80, KEY | DISCARD), Packet(-40, DISCARD), Packet(0), Packet(40)]
    planned = plan(film_of_packets(rows), options(RATE, 25))
    assert numbers(planned) == [0, 1]
    assert planned.keep == ((0, 3),)
    assert planned.pictures[0].time == 0.0


def test_a_damaged_packet_counts_as_a_picture():
    assert taken(film_of_packets([Packet(0, KEY), Packet(40, CORRUPT), Packet(80)]), NTH) == [0, 1, 2]


def test_a_file_without_any_picture_has_no_frames():
    with pytest.raises(ProcessingError) as failed:
        plan(film_of_packets([Packet(0, KEY | DISCARD)]), options(NTH))
    assert failed.value.failure is FailureCode.NO_FRAMES


def test_only_what_a_picture_needs_is_decoded():
    film = film_of_packets(with_b_pictures(3))
    # Decoded: I0 P4 B2 b1 b3 P8 B6 b5 b7 ...; shown at 40 ms each.
    assert plan(film, options(AT, [0.2])).keep == ((0, 2), (5, 7))  # b5 needs P4, P8 and B6; B2 is a reference too.
    assert plan(film, options(AT, [0.16])).keep == ((0, 1),)
    assert plan(film, options(AT, [0.52])).keep == ((13, 13),)


def test_a_picture_before_its_key_picture_needs_the_group_before_too():
    film = film_of_packets(with_b_pictures(3, minis=1, open_groups=True))
    # Decoded: I0 P4 B2 b1 b3, I8 B6 b5 b7 P12 B10 b9 b11, ...
    assert plan(film, options(AT, [0.28])).keep == ((0, 2), (5, 6), (8, 8))
    assert plan(film, options(AT, [0.32])).keep == ((5, 5),)
    assert plan(film, options(AT, [0.48])).keep == ((5, 5), (9, 9))


def test_no_decoding_starts_at_a_key_picture_that_leaves_something_open_though_it_is_one():
    marks = [KEY, 0, KEY | OPEN, 0, KEY, 0]
    film = film_of_packets([Packet(40 * n, flags, 40) for n, flags in enumerate(marks)])
    assert plan(film, options(AT, [0.12])).keep == ((0, 3),)
    assert plan(film, options(AT, [0.2])).keep == ((4, 5),)
    assert taken(film, KEYS) == [0, 2, 4]


def test_where_no_picture_needs_another_only_the_wanted_are_decoded():
    film = film_of_times([40 * n for n in range(100)], 40, intra_only=True)
    assert plan(film, options(RATE, 1)).keep == ((0, 0), (25, 25), (50, 50), (75, 75))
    unmarked = film_of_packets([Packet(40 * n) for n in range(100)], intra_only=True)
    assert plan(unmarked, options(RATE, 1)).decoded(100) == 4


@pytest.mark.parametrize(
    ("film", "why"),
    [
        (film_of_packets([Packet(0), Packet(40)]), "the container marks no key pictures"),
        (film_of_packets([Packet(0, KEY), Packet(80, KEY, 0, 1), Packet(40, KEY, 0, 2)]), "key pictures out of order"),
    ],
)
def test_where_the_marks_prove_nothing_all_is_decoded_and_pictures_are_known_by_their_times(film: Film, why: str):
    planned = plan(film, options(NTH, 2))
    assert (planned.keep, planned.whole, planned.by_number) == (None, why, False)
    assert planned.decoded(len(film.packets)) == len(film.packets)


def test_in_a_film_without_presentation_times_the_pictures_have_the_decoding_times_in_their_order():
    planned = plan(avi_with_b_pictures(), options(EVERY, 10))
    assert [(p.number, p.time) for p in planned.pictures] == [(100 * n, 10.0 * n) for n in range(6)]
    assert (planned.keep, planned.by_number) == (None, True)
    assert planned.whole == "the container has no presentation times"


def test_key_pictures_of_a_film_without_presentation_times_are_those_that_the_decoder_surveyed():
    film, asked = avi_with_b_pictures(), options(KEYS)
    assert needs_survey(film, asked)
    with pytest.raises(ValueError, match="surveyed"):
        plan(film, asked)
    planned = plan_surveyed(film, asked, [(n, n) for n in range(0, 600, 50)])
    assert [(p.number, p.time) for p in planned.pictures] == [(50 * n, 5.0 * n) for n in range(12)]


def test_missing_times_are_filled_in_and_the_pictures_counted():
    rows = [Packet(NO_TIME, 0, 0, time) for time in (NO_TIME, 40, 80, NO_TIME, 160)]
    planned = plan(film_of_packets(rows), options(NTH))
    assert [p.time for p in planned.pictures] == [0.0, 0.04, 0.08, 0.12, 0.16]
    assert (planned.by_number, planned.whole) == (True, "packets without presentation times")
    nothing = plan(film_of_packets([Packet(NO_TIME)] * 3, frames_per_second=25.0, origin=Fraction(7)), options(NTH))
    assert [p.time for p in nothing.pictures] == [0.0, 0.04, 0.08]


def test_two_recordings_joined_follow_each_other():
    film = joined()
    assert taken(film, NTH) == list(range(192))
    planned = plan(film, options(RATE, 5))
    assert planned.files == len(planned.pictures) == 40
    assert (planned.by_number, planned.whole) == (True, "its times begin anew on the way")
    assert planned.pictures[20].number == 96
    assert planned.pictures[20].time == pytest.approx(4, abs=0.002)
    assert not needs_survey(film, options(KEYS))
    assert taken(film, KEYS) == [0, 24, 48, 72, 96, 120, 144, 168]


def test_two_short_recordings_joined_are_known_by_their_key_pictures():
    rows = [Packet(40 * n, KEY if n == 0 else 0, 40, 40 * n) for n in range(3)]
    assert [p.time for p in plan(film_of_packets(rows * 2), options(NTH)).pictures] == [0, 0.04, 0.08, 0.12, 0.16, 0.2]


def test_a_clock_that_jumps_back_within_a_group_starts_anew_there():
    rows = [Packet(40 * n, KEY if n == 0 else 0, 40, 40 * n) for n in range(50)]
    back = [Packet(40 * n, 0, 40, 40 * n) for n in range(10)]
    assert plan(film_of_packets(rows + back), options(NTH)).pictures[-1].time == 59 * 0.04


def test_decoding_times_that_waver_or_are_missing_prove_nothing():
    rows = [row._replace(dts=row.pts - 200) for row in with_b_pictures(3)]
    rows[0] = rows[0]._replace(dts=NO_TIME)
    rows[7] = rows[7]._replace(dts=NO_TIME)
    planned = plan(film_of_packets(rows), options(NTH))
    assert (planned.whole, planned.by_number) == (None, False)


def test_scene_changes_are_the_surveyed_pictures_of_the_part_and_its_first():
    film, asked = TIME_LAPSE, options(SCENES, 0.3, start_seconds=4.5, end_seconds=20.0)
    assert needs_survey(film, asked)
    with pytest.raises(ValueError, match="surveyed"):
        plan(film, asked)
    planned = plan_surveyed(film, asked, [(n, 12_800 * n) for n in (0, 2, 7, 19, 20)])
    assert numbers(planned) == [4, 7, 19]
    assert planned.keep is not None
    assert numbers(plan_surveyed(film, asked, [])) == [4]


def test_surveyed_twins_are_told_apart_by_their_number_and_strangers_passed_over():
    surveyed = [(12, 400), (15, 400), (7, 281), (99, 3760)]
    assert numbers(plan_surveyed(EQUAL_TIMES, options(SCENES, 0.3), surveyed)) == [0, 12, 15, 99]
    assert numbers(plan_surveyed(EQUAL_TIMES, options(SCENES, 0.3), [(3, 400), (3, 440)])) == [0, 10, 16]


def test_a_choice_that_needs_no_survey_is_not_planned_from_one():
    with pytest.raises(ValueError, match="packets"):
        plan_surveyed(TIME_LAPSE, options(NTH), [])


def test_key_pictures_that_only_the_codec_marks_are_surveyed():
    film = film_of_packets([Packet(40 * n) for n in range(50)])
    assert numbers(plan_surveyed(film, options(KEYS), [(0, 0), (25, 1000)])) == [0, 25]


def test_when_the_planned_decoding_fails_the_same_pictures_are_taken_from_the_whole():
    planned = plan(TIME_LAPSE, options(RATE, 0.1))
    whole = without_dropping(planned, "the decoder gave other pictures")
    assert (whole.pictures, whole.keep) == (planned.pictures, None)
    assert whole.whole == "the decoder gave other pictures"
    assert whole.decoded(30) == 30
    assert kept(planned) == set(range(21))


def test_both_fields_of_a_picture_are_decoded_and_make_one_picture():
    second = SECOND | DISCARD | NON_REFERENCE
    rows = [Packet(0, KEY), Packet(0, second)]
    for number in range(1, 6):
        rows += [Packet(40 * number), Packet(40 * number, second)]
    film = film_of_packets(rows)
    made = plan(film, options(AT, [0.08]))
    assert [picture.number for picture in made.pictures] == [2]
    assert made.keep == ((0, 5),)
    assert taken(film, NTH) == [0, 1, 2, 3, 4, 5]


def test_the_other_field_of_what_is_left_out_is_left_out_too():
    second = SECOND | DISCARD
    rows = [
        Packet(0, KEY),
        Packet(0, second),
        Packet(40, NON_REFERENCE),
        Packet(40, second),
        Packet(80),
        Packet(80, second),
    ]
    assert plan(film_of_packets(rows), options(AT, [0.08])).keep == ((0, 1), (4, 5))
