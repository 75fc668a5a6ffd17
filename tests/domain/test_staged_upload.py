"""How a file is divided into parts, and what is said of those that are missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import UploadNotFound
from app.domain.options import ExtractionOptions
from app.domain.staged_upload import StagedUpload, parsed_upload_id, part_size, ranges
from app.domain.user import UserId
from app.domain.video import VideoId
from tests.contracts.story import NOON

MIB, GIB, TIB = 1024**2, 1024**3, 1024**4


def upload(size: int) -> StagedUpload:
    return StagedUpload(
        VideoId("v"),
        UserId("u"),
        "sources/v",
        size,
        NOON,
        "a.mp4",
        ExtractionOptions(),
        None,
        "0",
        part_size(size),
        "s",
    )


@given(st.integers(1, 5 * TIB))
def test_every_file_that_s3_takes_has_parts_that_s3_takes(size: int):
    divided = upload(size)
    assert 5 * MIB <= divided.part_size_bytes <= 5 * GIB
    assert 1 <= divided.part_count <= 10_000
    assert (divided.part_count - 1) * divided.part_size_bytes + divided.size_of(divided.part_count) == size
    assert 1 <= divided.size_of(divided.part_count) <= divided.part_size_bytes


@pytest.mark.parametrize(("size", "parts"), [(1, 1), (8 * MIB, 1), (8 * MIB + 1, 2), (5 * GIB, 640), (50 * GIB, 800)])
def test_a_part_is_about_a_thousandth_of_a_large_file(size: int, parts: int):
    assert upload(size).part_count == parts


def test_a_part_of_another_size_is_missing_like_one_that_never_came():
    divided = upload(20 * MIB)
    whole = {(1, 8 * MIB), (2, 8 * MIB), (3, 4 * MIB)}
    assert divided.missing(whole) == []
    assert divided.missing(whole - {(2, 8 * MIB)}) == [2]
    assert divided.missing({(1, 8 * MIB - 1), (2, 8 * MIB), (3, 8 * MIB)}) == [1, 3]


def test_numbers_are_told_as_a_person_reads_them():
    assert ranges([3]) == "3"
    assert ranges([1, 2, 3, 7, 9, 10]) == "1-3, 7, 9-10"
    assert ranges(range(1, 1000, 2), most=2) == "1, 3 and 498 more ranges"


@pytest.mark.parametrize("text", ["", "x", "../sources/x", "0c0c7a5e0f6c4f0c9a517f3a2c1d9e10"])
def test_what_is_no_id_names_no_upload(text: str):
    with pytest.raises(UploadNotFound):
        parsed_upload_id(text)
