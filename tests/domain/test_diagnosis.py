"""What a doctor says of clocks, versions and what is due."""

import pytest

from app.domain.diagnosis import FindingCode, of_clocks, of_schema, of_what_is_due


@pytest.mark.parametrize(
    ("database", "redis", "apart"),
    [
        (0.9, -0.05, []),
        (1.1, 0.5, [("this machine", "the database")]),
        (-0.6, 0.6, [("the database", "Redis")]),
        (0.0, 90.0, [("this machine", "Redis"), ("the database", "Redis")]),
    ],
)
def test_clocks_that_differ_by_more_than_a_second_are_named_in_pairs(
    database: float, redis: float, apart: list[tuple[str, str]]
):
    found = [*of_clocks({"this machine": 0.0, "the database": database, "Redis": redis})]
    assert [(one.about["one"], one.about["other"]) for one in found] == apart
    assert {one.code for one in found} <= {FindingCode.CLOCKS_APART}


def test_a_database_of_a_newer_version_is_told_and_one_of_ours_is_not():
    assert [*of_schema([])] == []
    (found,) = of_schema(["9999"])
    assert (found.code, found.about) == (FindingCode.SCHEMA_NEWER, {"revision": "9999"})


def test_what_is_long_due_is_counted():
    assert [*of_what_is_due(0, 0)] == []
    notifications, removals = of_what_is_due(3, 1)
    assert (notifications.code, removals.code) == (FindingCode.NOTIFICATIONS_DUE, FindingCode.REMOVALS_DUE)
    assert (notifications.about, removals.about) == ({"count": 3}, {"count": 1})


@pytest.mark.parametrize("code", FindingCode)
def test_each_code_says_what_it_means(code: FindingCode):
    assert code.description.endswith(".")
