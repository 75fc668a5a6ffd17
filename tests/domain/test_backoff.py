"""How long is waited before something is tried again."""

from datetime import timedelta

import pytest

from app.domain.backoff import Backoff, jittered


def test_each_failure_doubles_the_wait_until_it_is_long_enough():
    backoff = Backoff(first=2, longest=300)
    waits = [backoff.seconds(failures) for failures in (0, 1, 2, 7, 8, 10_000)]
    assert waits == [2, 4, 8, 256, 300, 300]
    assert [backoff.delay(failures).total_seconds() for failures in (0, 1, 2, 7, 8, 10_000)] == waits


@pytest.mark.parametrize(("tried_for", "wait"), [(-3, 15), (0, 15), (14, 15), (100, 100), (3601, 3600)])
def test_a_wait_may_be_as_long_as_it_was_tried_for(tried_for: float, wait: float):
    backoff = Backoff(first=15, longest=3600)
    assert backoff.as_long_again(timedelta(seconds=tried_for)) == timedelta(seconds=wait)


def test_those_who_wait_equally_long_wait_up_to_a_fifth_less_or_more():
    waits = [jittered(100) for _ in range(200)]
    assert all(80 <= wait <= 120 for wait in waits)
    assert max(waits) - min(waits) > 20  # All within half of the range: once in 10^50.
