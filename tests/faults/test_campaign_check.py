"""Whether a campaign would see what it looks for: each wrong thing is planted, and must be found by its name."""

from dataclasses import replace
from typing import Any

import pytest

from tests.faults.campaign.check import Row, Stored, check

ZIP = Stored(4096, "ab" * 32, pictures=2)
SOURCE = Stored(1024, "cd" * 32)
DONE = Row(
    "v1",
    "ana",
    "key-1",
    "key-1.mp4",
    "Completed",
    "sources/v1",
    ("Pending", "Processing", "Completed"),
    archive_key="results/v1/1.zip",
    archive_bytes=4096,
    archive_sha256="ab" * 32,
)
BROKEN = Row(
    "v2",
    "ana",
    "key-2",
    "key-2.mp4",
    "Failed",
    "sources/v2",
    ("Pending", "Processing", "Processing", "Failed"),
    failure_code="CORRUPT_VIDEO",
)
OBJECTS = {"sources/v1": SOURCE, "sources/v2": SOURCE, "results/v1/1.zip": ZIP}


def event(kind: str, **what: Any) -> dict[str, Any]:
    return {"at": 0.0, "kind": kind, **what}


HISTORY = [
    event("film", film="small", pictures=2),
    event("film", film="damaged", pictures=None),
    event("acknowledged", owner="ana", key="key-1", film="small", video="v1"),
    event("acknowledged", owner="ana", key="key-2", film="damaged", video="v2"),
    event("seen", reader="ana", video="v1", status="Pending"),
    event("seen", reader="ana", video="v1", status="Completed"),
    event("mail", file="key-2.mp4"),
]


def found(
    rows: list[Row] | None = None, objects: dict[str, Stored] | None = None, history: list[dict[str, Any]] | None = None
) -> set[tuple[str, str]]:
    """Return the kinds of the violations, and of what."""
    violations = check(history or HISTORY, [DONE, BROKEN] if rows is None else rows, objects or OBJECTS)
    return {(one.kind, one.what) for one in violations}


def test_nothing_is_found_where_nothing_is_wrong():
    assert found() == set()


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (replace(DONE, status="Pending", log=("Pending",)), "stuck"),
        (replace(DONE, status="Processing", log=("Pending", "Processing")), "stuck"),
        (replace(DONE, log=("Pending", "Processing", "Completed", "Completed")), "doubled"),
        (replace(DONE, log=("Pending", "Processing", "Failed", "Completed")), "doubled"),
        (replace(DONE, log=("Pending", "Completed")), "backward"),
        (replace(DONE, log=("Pending", "Processing")), "backward"),
        (replace(DONE, log=()), "backward"),
        (replace(DONE, archive_key=None), "half"),
        (replace(DONE, archive_bytes=4095), "half"),
        (replace(DONE, archive_sha256="00" * 32), "half"),
    ],
)
def test_what_is_wrong_with_a_row_is_found(row: Row, kind: str):
    assert (kind, "v1") in found([row, BROKEN])


def test_a_sound_film_that_failed_is_lost_and_a_damaged_one_that_was_completed_is_half():
    failed = replace(DONE, status="Failed", log=("Pending", "Failed"), failure_code="INTERNAL")
    assert ("lost", "v1") in found([failed, BROKEN])
    completed = replace(DONE, id="v2", idempotency_key="key-2", source_key="sources/v2")
    assert ("half", "v2") in found([DONE, completed])


def test_a_row_that_is_gone_is_lost_unless_its_user_deleted_it():
    left = {key: stored for key, stored in OBJECTS.items() if "v1" not in key}
    assert found([BROKEN], left) == {("lost", "v1")}
    assert found([BROKEN], left, [*HISTORY, event("deleted", owner="ana", video="v1")]) == set()


def test_a_source_that_is_gone_is_lost():
    assert found(objects={key: stored for key, stored in OBJECTS.items() if key != "sources/v1"}) == {("lost", "v1")}


def test_two_rows_of_one_upload_are_doubled():
    twin = replace(DONE, id="v3", source_key="sources/v1")
    assert ("doubled", "key-1") in found([DONE, twin, BROKEN])


@pytest.mark.parametrize("later", ["Processing", "Failed", "Pending"])
def test_a_state_that_a_reader_saw_go_back_or_change_after_the_end_is_backward(later: str):
    assert ("backward", "v1") in found(history=[*HISTORY, event("seen", reader="ana", video="v1", status=later)])
    others = [*HISTORY, event("seen", reader="bruno", video="v1", status="Pending")]
    assert found(history=others) == set(), "what another saw first is not later"


def test_a_zip_without_all_of_its_pictures_or_that_cannot_be_opened_is_half():
    for pictures in (1, None):
        assert found(objects={**OBJECTS, "results/v1/1.zip": replace(ZIP, pictures=pictures)}) == {("half", "v1")}


def test_what_another_could_read_is_foreign():
    assert found(history=[*HISTORY, event("foreign", reader="bruno", video="v1")]) == {("foreign", "v1")}


def test_an_object_that_no_row_names_is_an_orphan():
    assert found(objects={**OBJECTS, "results/v1/2.zip": ZIP}) == {("orphan", "results/v1/2.zip")}


def test_a_failure_without_a_mail_is_untold_unless_its_user_canceled_it():
    assert found(history=HISTORY[:-1]) == {("untold", "v2")}
    canceled = replace(BROKEN, failure_code="CANCELED")
    assert found([DONE, canceled], history=HISTORY[:-1]) == set()
