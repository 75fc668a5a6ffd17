"""How the videos of a batch stand together, and what their folders are called."""

import itertools

import pytest

from app.domain.batch import BatchCounts, BatchStatus, checked_batch_name, folder_names, parsed_batch_id
from app.domain.errors import BatchNotFound, InvalidInput


@pytest.mark.parametrize(
    ("pending", "processing", "completed", "failed", "status"),
    [
        (0, 0, 0, 0, BatchStatus.EMPTY),
        (1, 0, 0, 0, BatchStatus.PROCESSING),
        (0, 1, 5, 5, BatchStatus.PROCESSING),
        (1, 0, 0, 9, BatchStatus.PROCESSING),
        (0, 0, 3, 0, BatchStatus.COMPLETED),
        (0, 0, 3, 1, BatchStatus.PARTLY_FAILED),
        (0, 0, 0, 1, BatchStatus.FAILED),
    ],
)
def test_one_state_follows_from_those_of_the_videos(
    pending: int, processing: int, completed: int, failed: int, status: BatchStatus
):
    counts = BatchCounts(pending, processing, completed, failed)
    assert (counts.status, counts.total) == (status, pending + processing + completed + failed)


def test_a_folder_is_named_after_its_file_without_the_ending():
    assert folder_names(["Férias na praia.MP4", "a.b.c.mov", "no ending", ".mp4"]) == [
        "Férias na praia",
        "a.b.c",
        "no ending",
        "mp4",
    ]


def test_names_that_a_disk_may_take_for_one_are_numbered():
    # Alike in all but case, in how an accent is composed, and in what compatibility makes one.
    names = folder_names(["a.mp4", "A.mov", "a (2).mkv", "a.avi", "e\u0301.mp4", "\u00c9.mp4", "ﬁlm.mp4", "film.mp4"])
    assert names == ["a", "A (2)", "a (2) (2)", "a (3)", "é", "É (2)", "ﬁlm", "film (2)"]


@pytest.mark.parametrize(
    ("file_name", "folder"),
    [
        ("..mp4", "video"),
        ("... .mp4", "video"),
        ("../../etc/passwd.mp4", "_.._etc_passwd"),
        ("C:\\temp\\x.mp4", "C__temp_x"),
        ("a\x00b\nc\u202ed\u200b.mp4", "abcd"),
        ('<>:"|?*.mp4', "_______"),
        ("CON.mp4", "_CON"),
        ("con.x.mp4", "_con.x"),
        ("LPT1.mp4", "_LPT1"),
        ("com¹.mp4", "_com¹"),
        ("console.mp4", "console"),
        (" . a . .mp4", "a"),
        ("x" * 300 + ".mp4", "x" * 120),
        ("é" * 100 + ".mp4", "é" * 60),
        ("🎞" * 60 + ".mp4", "🎞" * 30),
    ],
)
def test_a_name_that_leads_elsewhere_or_means_something_else_is_neutralised(file_name: str, folder: str):
    assert folder_names([file_name]) == [folder]


def test_whatever_the_files_are_called_no_two_folders_are_one():
    parts = ["a", "A", "(2)", " ", ".", "/", "á", "a\u0301", "\u0000", "nul"]
    files = ["".join(some) + ".mp4" for length in (1, 2, 3) for some in itertools.product(parts, repeat=length)]
    names = folder_names(files)
    assert len({name.casefold() for name in names}) == len(files)
    assert not any(
        set(name) & set('/\\:*?"<>|\0') or name.strip(" .") != name or name in {"", "..", "nul"} for name in names
    )


def test_a_thousand_of_one_name_are_counted():
    names = folder_names(["clip.mp4"] * 1000)
    assert (names[0], names[1], names[-1], len(set(names))) == ("clip", "clip (2)", "clip (1000)", 1000)


@pytest.mark.parametrize("text", ["", "1", "x" * 36, "../x", "3F0C1D7E5A4B4C3D8E2F1A2B3C4D5E6F"])
def test_what_is_no_id_names_no_batch(text: str):
    with pytest.raises(BatchNotFound):
        parsed_batch_id(text)


def test_a_batch_is_named_as_other_things_are():
    assert checked_batch_name("  segunda-\n feira ") == "segunda- feira"
    for name in ("", " ", "x" * 101, "a\x00"):
        with pytest.raises(InvalidInput):
            checked_batch_name(name)
