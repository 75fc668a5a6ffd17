"""Which pictures of a ZIP: written, read, put in order, and refused."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import FrameNotFound, InvalidInput
from app.domain.places import MOST_RUNS, Places


def spelled(places: Places) -> list[int]:
    return [place for first, last in places.runs for place in range(first, last + 1)]


@given(st.sets(st.integers(1, 3000), min_size=1, max_size=MOST_RUNS), st.integers(1, 600))
def test_one_set_of_pictures_is_one_value_however_it_is_named(wanted: set[int], block: int):
    shuffled = random.Random(1).sample(sorted(wanted), len(wanted))
    places = Places.of_numbers(shuffled)
    assert spelled(places) == sorted(wanted)
    assert places == Places.parsed(str(places)) == Places.parsed(",".join(map(str, shuffled)))
    assert places.count == len(wanted)
    blocks = list(places.blocks(block))
    assert [place for part in blocks for place in spelled(part)] == sorted(wanted)
    for part in blocks:
        assert len({(place - 1) // block for place in spelled(part)}) == 1
    assert len({(spelled(part)[0] - 1) // block for part in blocks}) == len(blocks)


def test_runs_that_touch_are_one_and_any_other_choice_has_another_name():
    assert str(Places.parsed("7-9, 3,4-6,11")) == "3-9,11"
    assert str(Places.of_runs([(4, 4), (1, 3)])) == "1-4"
    names = {Places.parsed(text).digest for text in ("1", "2", "1,3", "1-3", "13", "1-13")}
    assert len(names) == 6


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "3,",
        ",3",
        "3-",
        "-3",
        "9-7",
        "3,3",
        "1-5,5",
        "1-5,2-3",
        "1;2",
        "\u0661",
        "1" * 10,
        "1e3",
        " ",
        "3--4",
        "x",
    ],
)
def test_what_names_no_pictures_or_one_twice_is_refused_at_its_field(text: str):
    with pytest.raises(InvalidInput) as refused:
        Places.parsed(text)
    assert refused.value.field == ("frames",)


def test_no_more_than_a_thousand_are_named_at_once_but_a_range_is_as_long_as_it_likes():
    assert Places.of_numbers(range(1, 2 * MOST_RUNS, 2)).count == MOST_RUNS
    assert Places.of_runs([(1, 100_000)]).count == 100_000
    for wrong in (range(1, 2 * MOST_RUNS + 2, 2), range(0)):
        with pytest.raises(InvalidInput):
            Places.of_numbers(wrong)
    with pytest.raises(InvalidInput):
        Places.parsed(",".join(map(str, range(1, 100_000, 2))))


def test_a_picture_beyond_the_last_is_not_found():
    assert str(Places.parsed("1-3").within(3)) == "1-3"
    with pytest.raises(FrameNotFound, match="1 to 3"):
        Places.parsed("1,4").within(3)
