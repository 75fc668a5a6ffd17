"""Which pictures a gap between packets spoils."""

from dataclasses import replace

import pytest

from app.domain.film import LOST, Film
from app.domain.losses import is_spoilt, losses_of
from tests.domain.films import film_of_packets, film_of_times, with_b_pictures


def marked(film: Film, place: int) -> Film:
    """Mark a packet as standing behind a broken part of the file."""
    film.packets.flags[place] |= LOST
    return film


@pytest.mark.parametrize(("missing", "expected"), [(0, ()), (1, (49,)), (40, (49,))])
def test_a_damaged_part_counts_as_a_loss_where_a_time_is_missing(missing: int, expected: tuple[int, ...]):
    times = [*range(0, 50 * 40, 40), *range((50 + missing) * 40, (100 + missing) * 40, 40)]
    film = marked(film_of_times(times, 40), 50)
    assert losses_of(film.packets, at_the_end=False, counted=False) == expected


@pytest.mark.parametrize("place", [30, 31, 32, 33])
def test_pictures_that_are_shown_in_another_order_lack_no_time(place: int):
    film = marked(film_of_packets(with_b_pictures(10)), place)
    assert losses_of(film.packets, at_the_end=False, counted=False) == ()


def test_where_times_are_counted_none_is_ever_lacking_and_all_that_comes_later_is_wrong():
    film = marked(film_of_times(range(0, 4000, 40), 40, group=10), 50)
    assert losses_of(film.packets, at_the_end=False, counted=True) == (49,)
    counted = replace(film, counted=True)
    assert is_spoilt(counted, 49, [(90, 90)])
    assert not is_spoilt(counted, 49, [(0, 39)])


def test_what_is_broken_before_the_first_packet_or_behind_the_last_is_a_loss():
    late = marked(film_of_times(range(2000, 4000, 40), 40), 0)
    assert losses_of(late.packets, at_the_end=True, counted=False) == (-1, 49)
    on_time = marked(film_of_times(range(0, 4000, 40), 40), 0)
    assert losses_of(on_time.packets, at_the_end=False, counted=False) == ()


def test_a_gap_spoils_what_was_on_the_screen_then_and_all_up_to_the_next_key_picture():
    film = film_of_times([*range(0, 1000, 40), *range(2000, 4000, 40)], 40, group=10)
    assert not is_spoilt(film, 24, [(20, 23)])  # Of the same group, but shown before.
    assert is_spoilt(film, 24, [(20, 24)])
    assert is_spoilt(film, 24, [(29, 29)])
    assert not is_spoilt(film, 24, [(30, 60)])
    assert not is_spoilt(film, 24, [])


def test_of_pictures_that_are_reordered_those_count_that_a_lost_one_may_have_been_shown_before():
    film = film_of_packets(with_b_pictures(10))
    pts, dts = film.packets.pts, film.packets.dts
    shown_last = max(range(31), key=pts.__getitem__)
    assert pts[shown_last] > dts[30]
    assert is_spoilt(film, 30, [(shown_last, shown_last)])
