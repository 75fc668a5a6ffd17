"""What operators may type, and what is said of what makes no sense."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.failure import FailureCode
from app.domain.user import Role
from app.domain.video import ProcessingStatus
from app.operating.arguments import parsed
from app.operating.shown import plain


def test_states_codes_ages_and_times_are_read_as_people_write_them():
    listed = parsed(["jobs", "list", "--state", "failed", "--code", "no_decoder", "--older-than", "90m"])
    assert listed.state == [ProcessingStatus.FAILED]
    assert (listed.code, listed.older_than) == (FailureCode.NO_DECODER, timedelta(minutes=90))
    assert parsed(["audit", "--since", "7d"]).since == timedelta(days=7)
    assert parsed(["audit", "--since", "2026-11-29T12:00"]).since == datetime(2026, 11, 29, 12, tzinfo=UTC)
    assert parsed(["users", "role", "ana@example.com", "operator"]).role is Role.OPERATOR


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("jobs list --state sleeping", "there are pending, processing, completed, failed"),
        ("jobs list --older-than yesterday", "no age such as 90s, 30m, 2h or 7d"),
        ("jobs list --limit -1", "-1 is no whole number"),
        ("jobs retry", "the ids of videos, or --code"),
        ("jobs retry x --code INTERNAL", "the ids of videos, or --code"),
        ("jobs retry --code OOPS", "no failure's code"),
        ("jobs pause", "--owner --all is required"),
        ("jobs pause --all --owner ana@example.com", "not allowed with argument"),
        ("users quota ana@example.com", "--bytes, --active or both, or --default"),
        ("users quota ana@example.com --default --bytes 5", "--bytes, --active or both, or --default"),
        ("users quota ana@example.com --bytes 5GB", "no whole number"),
        ("users role ana@example.com king", "king"),
        ("audit --since noon", "no time such as"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_sentence(words: str, said: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        parsed(words.split())
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_a_strangers_text_gives_the_terminal_no_orders():
    assert plain("férias\x1b[2J\r\n\x9b1m🎞") == "férias\ufffd[2J\ufffd\ufffd\ufffd1m🎞"
