from contextlib import suppress
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import VideoNotFound
from app.domain.video import (
    FINAL,
    NEXT,
    UNFINISHED,
    ProcessingStatus,
    VideoId,
    archive_key,
    new_video_id,
    parsed_video_id,
    result_prefix,
    source_key,
)

PENDING, PROCESSING = ProcessingStatus.PENDING, ProcessingStatus.PROCESSING
COMPLETED, FAILED = ProcessingStatus.COMPLETED, ProcessingStatus.FAILED
AN_ID = "5f0c7c1e-4e3b-4c0e-9d57-0d3c6f6a9b12"


def test_the_states_bear_the_briefs_names():
    assert [status.value for status in ProcessingStatus] == ["Pending", "Processing", "Completed", "Failed"]


def test_a_life_moves_only_as_the_brief_draws_it():
    legal = {(a, b) for a in ProcessingStatus for b in ProcessingStatus if a.may_become(b)}
    assert legal == {
        (PENDING, PROCESSING),
        (PENDING, FAILED),
        (PROCESSING, PROCESSING),
        (PROCESSING, COMPLETED),
        (PROCESSING, FAILED),
    }


def test_completed_and_failed_are_final_and_nothing_else_is():
    assert {status for status in ProcessingStatus if status.final} == FINAL
    assert {COMPLETED, FAILED} == FINAL
    assert set(NEXT) == FINAL | UNFINISHED


def test_an_id_is_read_in_any_case_and_given_back_in_canonical_form():
    video = new_video_id()
    assert parsed_video_id(video.upper()) == video


@pytest.mark.parametrize("text", ["", "1", "not-a-uuid", f"{{{AN_ID}}}", AN_ID.replace("-", ""), f"urn:uuid:{AN_ID}"])
def test_a_malformed_id_names_no_video(text: str):
    with pytest.raises(VideoNotFound):
        parsed_video_id(text)


@given(st.text())
def test_no_text_breaks_the_reading_of_an_id(text: str):
    with suppress(VideoNotFound):
        assert parsed_video_id(text) == text.lower()


def test_two_attempts_never_share_an_object_and_both_lie_under_the_videos_prefix():
    video = VideoId(str(uuid4()))
    keys = {archive_key(video, attempt) for attempt in range(1, 20)}
    assert len(keys) == 19
    assert all(key.startswith(result_prefix(video)) for key in keys)
    assert source_key(video) not in keys
