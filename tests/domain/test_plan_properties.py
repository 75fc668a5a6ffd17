"""Every plan beside the definition, for any film."""

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.domain.film import CORRUPT, DISCARD, KEY, NO_TIME, NON_REFERENCE, Film
from app.domain.options import ExtractionOptions, FrameSelection
from app.domain.plan import Plan, plan, plan_surveyed
from tests.domain.definition import defined, pictures_of
from tests.domain.films import (
    AT,
    COUNT,
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
)

thorough = settings(max_examples=300, deadline=None, derandomize=True)


# --- Any film -------------------------------------------------------------------------------------------------------


@dataclass
class Drawn:
    """A film, and of each packet those that its picture is made of."""

    rows: list[Packet] = field(default_factory=list)
    needs: list[set[int]] = field(default_factory=list)

    def add(self, place: int, needs: set[int]) -> int:
        self.rows.append(Packet(place))
        self.needs.append(needs)
        return len(self.rows) - 1


@st.composite
def drawn_films(draw: st.DrawFn) -> tuple[Film, list[set[int]]]:
    """Any film that has presentation times, in groups of pictures that may be open."""
    drawn, position = Drawn(), 0
    before: int | None = None
    keys, hidden = [], draw(st.booleans())
    for _ in range(draw(st.integers(0, 2))):  # What is left of a group whose beginning is missing.
        before = drawn.add(position, set() if before is None else {before})
        position += 1
    first = len(drawn.rows)
    for _ in range(draw(st.integers(1, 4))):
        ahead = draw(st.integers(0, 3))
        key = drawn.add(position + ahead, set())
        keys.append(key)
        outer = {key} if before is None or (key == first and not hidden) else {key, before}
        position = between(draw, drawn, outer, position, ahead) + 1
        before = key
        for _ in range(draw(st.integers(0, 3))):
            inner = draw(st.integers(0, 3))
            following = drawn.add(position + inner, {before})
            position = between(draw, drawn, {before, following}, position, inner) + 1
            before = following
    step = draw(st.sampled_from([1, 3, 33, 1001]))
    free = draw(st.booleans())  # Variable rate, gaps and equal times, else a wavering clock.
    widths = st.sampled_from([0, step, step, 2 * step, 50 * step]) if free else st.integers(3 * step, 5 * step)
    at = [draw(st.integers(-20, 20))]
    leading = {row.pts for key in keys for row in drawn.rows[key:] if row.pts < drawn.rows[key].pts}
    for place in range(1, position):
        at.append(at[-1] + max(draw(widths), 1 if place - 1 in leading else 0))
    shows = [at[row.pts] for row in drawn.rows]
    needed = set().union(*drawn.needs)
    for i, row in enumerate(drawn.rows):
        flags = KEY if i in keys else 0
        flags |= NON_REFERENCE if i not in needed and i not in keys and draw(st.booleans()) else 0
        flags |= draw(st.sampled_from([0] * 8 + [DISCARD, CORRUPT]))
        until = at[row.pts + 1] if row.pts + 1 < position else shows[i] + draw(st.sampled_from([0, step]))
        drawn.rows[i] = Packet(shows[i], flags, draw(st.sampled_from([0, until - shows[i]])), sorted(shows)[i] - step)
    film = film_of_packets(
        drawn.rows,
        Fraction(1, draw(st.sampled_from([25, 1000, 90_000]))),
        origin=draw(st.sampled_from([Fraction(0), Fraction(-1, 7), Fraction(min(shows), 1000)])),
        frames_per_second=draw(st.sampled_from([None, 25.0])),
        first_shown=shows[keys[0]] if hidden else None,
    )
    return film, drawn.needs


def between(draw: st.DrawFn, drawn: Drawn, outer: set[int], position: int, many: int) -> int:
    """Add pictures that are shown before one that was decoded before them; the middle one may be made first."""
    places = list(range(position, position + many))
    if many > 1 and draw(st.booleans()):
        middle = places.pop(many // 2)
        outer = {*outer, drawn.add(middle, outer)}
    for place in places:
        drawn.add(place, set(outer))
    return position + many


@st.composite
def any_options(draw: st.DrawFn, film: Film) -> ExtractionOptions:
    base = film.packets.time_base
    length = float((max(film.packets.pts) - min(film.packets.pts)) * base) or 1.0
    moment = st.one_of(
        st.floats(0, 1.2).map(lambda share: round(share * length, 4)),
        st.sampled_from(list(film.packets.pts)).map(
            lambda ticks: max(0.0, round(float(ticks * base - film.origin), 6))
        ),
    )
    kind = draw(st.sampled_from([RATE, EVERY, NTH, COUNT, AT, KEYS]))
    if kind is AT:
        select = FrameSelection(kind, 0, tuple(sorted(draw(st.sets(moment, min_size=1, max_size=6)))))
    elif kind is RATE:
        select = FrameSelection(kind, min(240.0, max(0.001, round(draw(st.floats(0.1, 60)) / length, 3))))
    elif kind is EVERY:
        select = FrameSelection(kind, min(86_400.0, max(1 / 240, round(length / draw(st.floats(0.1, 60)), 3))))
    else:
        select = FrameSelection(kind, draw(st.integers(1, 12)))
    start = draw(st.none() | moment)
    end = draw(st.none() | moment.map(lambda time: time + 0.002 + (start or 0)))
    return ExtractionOptions(select, start_seconds=start, end_seconds=end)


def planned(film: Film, asked: ExtractionOptions) -> Plan | None:
    try:
        return plan(film, asked)
    except ProcessingError as error:
        assert error.failure is FailureCode.NO_FRAMES
        return None


@thorough
@given(st.data())
def test_the_pictures_are_those_of_the_definition_for_any_film_and_any_options(data: st.DataObject):
    film, _ = data.draw(drawn_films())
    asked = data.draw(any_options(film))
    given_, right = planned(film, asked), defined(film, asked)
    assert (given_ is None) == (right is None)
    if given_ is None or right is None:
        return
    assert numbers(given_) == [number for number, _ in right]
    instants = [time for picture in given_.pictures for time in picture.instants]
    assert instants == pytest.approx([time for _, time in right], abs=6e-7)
    assert given_.files == len(right)
    order = [picture.number for picture in given_.pictures]
    assert order == sorted(set(order))
    shown = pictures_of(film)
    for picture in given_.pictures:
        assert picture.ticks == film.packets.pts[shown[picture.number].place]
        assert picture.time == pytest.approx(float(shown[picture.number].begin), abs=6e-7)
        assert picture.until == pytest.approx(float(shown[picture.number].end), abs=6e-7)
        earlier = [p for p in shown[: picture.number] if p.begin == shown[picture.number].begin]
        assert picture.twins == len(earlier)
    if asked.select.kind is AT:
        assert sorted([*given_.left_out, *instants]) == list(asked.select.timestamps)


@pytest.mark.slow
@thorough
@given(st.data())
def test_a_count_gives_just_so_many_different_pictures_or_all_of_the_part(data: st.DataObject):
    film, _ = data.draw(drawn_films())
    asked = data.draw(any_options(film))
    count = data.draw(st.integers(1, 30))
    counted = planned(film, options(COUNT, count, start_seconds=asked.start_seconds, end_seconds=asked.end_seconds))
    every = planned(film, options(NTH, start_seconds=asked.start_seconds, end_seconds=asked.end_seconds))
    assert (counted is None) == (every is None)
    if counted and every:
        assert len(set(numbers(counted))) == counted.files == min(count, every.files)
        assert set(numbers(counted)) <= set(numbers(every))


@pytest.mark.slow
@thorough
@given(st.data())
def test_all_that_a_taken_picture_is_made_of_is_decoded_and_nothing_else(data: st.DataObject):
    film, needs = data.draw(drawn_films())
    given_ = planned(film, data.draw(any_options(film)))
    if given_ is None:
        return
    shown, decoded = pictures_of(film), kept(given_)
    times = {shown[picture.number].begin for picture in given_.pictures}
    wanted = {picture.place for picture in shown if picture.begin in times}
    waiting, made_of = list(wanted), set()
    while waiting:
        place = waiting.pop()
        if place not in made_of:
            made_of.add(place)
            waiting += needs[place]
    first = next(i for i, flags in enumerate(film.packets.flags) if flags & KEY)
    assert {place for place in made_of if place >= first} <= decoded
    assert decoded == set().union(*(needed_by_rule(film, place) for place in wanted))
    assert given_.decoded(len(film.packets)) == len(decoded)
    assert all(b[0] > a[1] + 1 for a, b in pairwise(given_.keep or ()))


def needed_by_rule(film: Film, place: int) -> set[int]:
    """What the marks say that a picture may be made of, for one picture at a time."""
    pts, flags = film.packets.pts, film.packets.flags
    keys = [i for i, marks in enumerate(flags) if marks & KEY]
    key = max(i for i in keys if i <= place)
    leading = pts[place] < pts[key]
    found = {i for i in range(key, place) if not flags[i] & NON_REFERENCE and (leading or pts[i] >= pts[key])}
    if leading and key != keys[0]:
        before = max(i for i in keys if i < key)
        found |= {i for i in range(before, key) if not flags[i] & NON_REFERENCE and pts[i] >= pts[before]}
    return {place, *found}


# --- A film's own rate ----------------------------------------------------------------------------------------------


@thorough
@given(
    st.sampled_from([(24, 24), (25, 25), (30, 30), (50, 50), (60, 60), (29.97, Fraction(30_000, 1001))]),
    st.integers(1, 400),
    st.sampled_from(["unknown", "short", "long"]),
)
def test_at_its_own_rate_rounded_to_milliseconds_each_picture_comes_once(
    rate: tuple[float, Fraction | int], length: int, last: str
):
    asked, exact = rate
    interval = 1000 / Fraction(exact)
    lasting = {"unknown": 0, "short": int(interval), "long": int(interval) + 1}[last]
    film = film_of_times(rounded(length, Fraction(exact)), lasting, frames_per_second=float(exact))
    assert taken(film, RATE, asked) == list(range(length))
    assert taken(film, EVERY, float(1 / Fraction(exact))) == list(range(length))


@thorough
@given(st.sampled_from([24, 25, 30, 60]), st.lists(st.integers(-16, 16), min_size=1, max_size=80), st.booleans())
def test_at_its_own_rate_a_wavering_clock_loses_no_picture(rate: int, wavering: list[int], stated: bool):
    """A sixth of the interval each way: two neighbours then still differ by no more than a third of it."""
    times = [100 * n + (waver if n else 0) for n, waver in enumerate(wavering)]
    film = film_of_times(times, 100 if stated else 0, time_base=Fraction(1, 100 * rate))
    assert set(taken(film, RATE, rate)) == set(range(len(times)))


@thorough
@given(st.lists(st.integers(0, 3000), min_size=1, max_size=40), st.integers(1, 3000))
def test_at_its_own_time_a_picture_comes_itself(intervals: list[int], last: int):
    times = [sum(intervals[:n]) for n in range(len(intervals) + 1)]
    latest = {time: n for n, time in enumerate(times)}
    film = film_of_times(times, last)
    assert taken(film, AT, [time / 1000 for time in latest]) == list(latest.values())


# --- Films of which the packets do not say all ----------------------------------------------------------------------


@thorough
@given(st.permutations(range(20)), st.integers(1, 5), st.integers(0, 19))
def test_without_presentation_times_the_decoders_order_has_the_decoding_times(
    order: list[int], step: int, missing: int
):
    """Whatever the codec reorders, and also where one of many packets has no presentation time."""
    avi = [Packet(NO_TIME, KEY if n == 0 else 0, 1, n) for n in range(20)]
    holes = [Packet(NO_TIME if n == missing else order[n], KEY if n == 0 else 0, 1, n) for n in range(20)]
    for film in (film_of_packets(avi, Fraction(1, 10), timeless=True), film_of_packets(holes, Fraction(1, 10))):
        given_ = plan(film, options(NTH, step))
        assert [(p.number, p.time) for p in given_.pictures] == [(n, n / 10) for n in range(0, 20, step)]
        assert (given_.keep, given_.by_number) == (None, True)


@thorough
@given(st.lists(st.tuples(st.integers(0, 500), st.integers(2, 40)), min_size=2, max_size=4))
def test_recordings_that_were_joined_follow_each_other_without_a_gap(recordings: list[tuple[int, int]]):
    """Each begins anew no later than the one before it did, as clocks do that are started for each recording."""
    rows = [
        Packet(start + 40 * n, KEY if n == 0 else 0, 40, start + 40 * n)
        for start, length in sorted(recordings, reverse=True)
        for n in range(length)
    ]
    given_ = plan(film_of_packets(rows), options(NTH))
    assert [round(p.time * 1000) for p in given_.pictures] == [rows[0].pts + 40 * n for n in range(len(rows))]
    assert [p.ticks for p in given_.pictures] == [row.pts for row in rows]
    assert given_.by_number


@thorough
@given(st.data())
def test_surveyed_scenes_are_taken_in_order_with_the_parts_first_picture(data: st.DataObject):
    film, _ = data.draw(drawn_films())
    shown = pictures_of(film)
    survey = sorted(data.draw(st.sets(st.integers(0, len(shown) - 1)))) if shown else []
    part = data.draw(any_options(film))
    asked = options(SCENES, 0.3, start_seconds=part.start_seconds, end_seconds=part.end_seconds)
    every = planned(film, options(NTH, start_seconds=part.start_seconds, end_seconds=part.end_seconds))
    if every is None:
        return
    given_ = plan_surveyed(film, asked, [(n, film.packets.pts[shown[n].place]) for n in survey])
    used = numbers(every)
    assert numbers(given_) == [n for n in used if n == used[0] or n in survey]
