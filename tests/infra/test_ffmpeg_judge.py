import errno
import signal

import pytest

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.infra.ffmpeg.judge import judge


def test_a_clean_end_is_accepted():
    judge(0, b"", killed=False)


def test_sound_that_is_not_decoded_is_no_complaint():
    judge(0, b"[aac @ 0x557e4117ee00] Codec (aac) not on whitelist 'h264,vp8'\n", killed=False)


@pytest.mark.parametrize(
    ("exit_code", "log", "code"),
    [
        (0, b"[h264 @ 0x55] Invalid NAL unit size (6160 > 4271).\n", FailureCode.CORRUPT_VIDEO),
        (0, b"a line that was not ended", FailureCode.CORRUPT_VIDEO),
        (69, b"", FailureCode.CORRUPT_VIDEO),
        (-signal.SIGSEGV, b"", FailureCode.CORRUPT_VIDEO),
        (244, b"[fc#0 @ 0x55] Error while filtering: Cannot allocate memory\n", FailureCode.OUT_OF_MEMORY),
        (245, b"pthread_create() failed: Resource temporarily unavailable\n", FailureCode.OUT_OF_MEMORY),
        (234, b"[in#0 @ 0x1] Format not on whitelist 'mov,matroska'\n", FailureCode.UNSUPPORTED_FORMAT),
    ],
)
def test_a_video_is_blamed_with_the_reason(exit_code: int, log: bytes, code: FailureCode):
    with pytest.raises(ProcessingError) as caught:
        judge(exit_code, log, killed=False)
    assert caught.value.failure is code


def test_a_child_that_we_ended_for_its_complaints_is_the_videos_fault():
    with pytest.raises(ProcessingError) as caught:
        judge(-signal.SIGKILL, b"[h264 @ 0x55] error\n" * 9, killed=True)
    assert caught.value.failure is FailureCode.CORRUPT_VIDEO


def test_a_child_that_somebody_else_killed_is_the_machines_fault():
    with pytest.raises(OSError, match="killed from outside"):
        judge(-signal.SIGKILL, b"", killed=False)


def test_a_machine_that_cannot_start_it_says_so():
    with pytest.raises(OSError, match="could not be started") as caught:
        judge(1, b"launcher: 11 Resource temporarily unavailable\n", killed=False)
    assert caught.value.errno == errno.EAGAIN


def test_arguments_that_ffmpeg_does_not_know_are_our_fault():
    with pytest.raises(RuntimeError, match="does not know"):
        judge(8, b"Unrecognized option 'vsync'.\n", killed=False)
