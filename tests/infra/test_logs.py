"""Everything that a process says is one JSON object a line, whoever says it."""

import json
import subprocess
import sys

import pytest

_PROGRAM = """
import logging, structlog
from app.infra.logs import set_up_logs
set_up_logs("info")
structlog.contextvars.bind_contextvars(request_id="r-1")
structlog.get_logger("app.x").info("video claimed", attempt=2)
logging.getLogger("arq.worker").warning("%d jobs", 3, extra={"queue": "videos"})
logging.getLogger("uvicorn.error").debug("not asked for")
logging.getLogger("botocore.hooks").info("chatter")
try:
    1 / 0
except ZeroDivisionError:
    structlog.get_logger("app.x").exception("it\\nfell")
"""


def test_structlog_and_the_standard_library_write_the_same_format() -> None:
    run = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert run.stdout == ""
    ours, theirs, error = (json.loads(line) for line in run.stderr.splitlines())
    assert (ours["event"], ours["attempt"], ours["level"], ours["logger"]) == ("video claimed", 2, "info", "app.x")
    assert (theirs["event"], theirs["queue"], theirs["level"]) == ("3 jobs", "videos", "warning")
    assert ours["request_id"] == theirs["request_id"] == "r-1"
    assert ours["timestamp"].endswith("Z")
    assert error["event"] == "it\nfell", "a line break in a message begins no new record"
    assert "ZeroDivisionError" in error["exception"]


_DEEP = """
import structlog, sys
from app.infra.logs import set_up_logs
set_up_logs({level!r})
def fall(depth):
    try:
        1 / depth
    except ZeroDivisionError as error:
        raise RuntimeError("?" * 2000 + "the last word") from error
    fall(depth - 1)
try:
    fall(50)
except RuntimeError:
    structlog.get_logger("app.x").exception("the attempt broke", said="?" * 2000, nested=["?" * 2000])
"""


@pytest.mark.parametrize("letter", ["?", '"', "\n", "\x01", "é", "🎞"])
def test_a_failures_line_is_short_and_says_what_has_happened(letter: str) -> None:
    """Whatever a letter takes in JSON, no collector that cuts at 2 kB has anything to cut."""
    program = _DEEP.replace("?", letter.encode("unicode_escape").decode().replace('"', '\\"')).format(level="info")
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert len(run.stderr) < 2048
    [line] = run.stderr.splitlines()
    told = json.loads(line)
    assert told["event"] == "the attempt broke"
    assert told["exception"].startswith("Traceback (most recent")
    assert told["exception"].endswith(f"{letter}the last word")
    assert " [...] " in told["said"]
    assert " [...] " in told["nested"]


def test_nothing_is_shortened_at_debug_level() -> None:
    run = subprocess.run(
        [sys.executable, "-c", _DEEP.format(level="debug")], capture_output=True, text=True, check=True
    )
    told = json.loads(run.stderr)
    assert len(told["exception"]) > 2000
    assert (len(told["said"]), told["nested"]) == (2000, ["?" * 2000])


_LEAKS = """
import logging, structlog
from app.infra.logs import set_up_logs
set_up_logs("info")
log = structlog.get_logger("app.x")
for secret in {secrets!r}:
    log.info("a leak: " + secret)
    logging.getLogger("a.library").warning("a leak: %s", secret)
    log.info("a leak", value={{"nested": [secret]}})
    try:
        raise ValueError(secret)
    except ValueError:
        log.exception("a leak")
"""

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
HARMLESS = (
    "/graphql?x=1 https://collector:4318/v1 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 /files/{ticket}"
)


@pytest.mark.parametrize(
    ("whole", "secret"),
    [
        (JWT, JWT),
        (f"access_token_{JWT}", JWT),
        ("Bearer abcdefghijkl.mnop", "abcdefghijkl.mnop"),
        ("fx_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17", "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"),
        ("key=fx_zQWBuTSOoRi4A9spHcVY5ncnsDk, cut", "zQWBuTSOoRi4A9spHcVY5ncnsDk"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaGVkaGFzaA", "aGFzaGVkaGFzaA"),
        ("https://bucket/key?X-Amz-Expires=9&X-Amz-Signature=aabbccdd", "aabbccdd"),
        ("http://127.0.0.1/files/AAAAbbbbCCCCdddd.eeee-ffff", "AAAAbbbbCCCCdddd"),
        ("https://fiapx.example/reset-password#token=abcDEF123", "abcDEF123"),
        ("mysql://fiapx:very-secret@db/fiapx", "very-secret"),
        ("redis://:very-secret@cache:6379/0", "very-secret"),
    ],
)
def test_what_is_secret_by_its_form_never_leaves_even_where_somebody_logs_it(whole: str, secret: str) -> None:
    program = _LEAKS.format(secrets=[whole, HARMLESS])
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in run.stderr.splitlines()]
    assert len(lines) == 8
    assert secret not in run.stderr
    assert run.stderr.count("[redacted]") >= 4
    assert all(HARMLESS in json.dumps(line) for line in lines[4:]), "and what is harmless is left alone"


def test_no_half_of_a_secret_is_left_where_a_value_is_shortened() -> None:
    program = """
from app.infra.logs import set_up_logs
import structlog
set_up_logs("info")
for before in range(0, 4000, 7):
    structlog.get_logger("app.x").info("?" * before + "$argon2id$v=19$" + "S" * 60 + "?" * (4000 - before))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stderr.count(" [...] ") > 500
    assert "SS" not in run.stderr


@pytest.mark.slow
def test_a_line_that_a_stranger_made_long_is_looked_through_once() -> None:
    """Were the time quadratic it would be minutes; as it is, it is a moment, so the limit decides nothing."""
    pieces = [
        "eyJ",
        "eyJa.",
        "eyJaaaaa.eyJ.",
        "whsec_",
        "fx_",
        "fx_aaaaaaaaaaaaaaaaaaaa",
        "$argon2",
        "/files/",
        "bearer ",
        "?token=",
        "://",
        "a:",
    ]
    program = f"""
import logging
from app.infra.logs import set_up_logs
set_up_logs("info")
for begin in ["", "://"]:
    for piece in {pieces!r}:
        logging.getLogger("app.x").info(begin + piece * (500_000 // len(piece)))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, timeout=60)
    assert len(run.stderr.splitlines()) == 2 * len(pieces)


def test_a_websockets_query_is_not_logged() -> None:
    program = """
import logging
from app.infra.logs import set_up_logs
set_up_logs("info")
log = logging.getLogger("uvicorn.error")
log.info('%s - "WebSocket %s" [accepted]', "127.0.0.1:1", "/graphql?access_token=s3cret")
log.info("Started server process [%d]", 1)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert [json.loads(line)["event"] for line in run.stderr.splitlines()] == ["Started server process [1]"]
