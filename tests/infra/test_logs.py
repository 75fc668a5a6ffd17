"""Everything that a process says is one JSON object a line, whoever says it."""

import json
import subprocess
import sys

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


def test_structlog_and_the_standard_library_speak_alike() -> None:
    run = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert run.stdout == ""
    ours, theirs, error = (json.loads(line) for line in run.stderr.splitlines())
    assert (ours["event"], ours["attempt"], ours["level"], ours["logger"]) == ("video claimed", 2, "info", "app.x")
    assert (theirs["event"], theirs["queue"], theirs["level"]) == ("3 jobs", "videos", "warning")
    assert ours["request_id"] == theirs["request_id"] == "r-1"
    assert ours["timestamp"].endswith("Z")
    assert error["event"] == "it\nfell", "a line break in a message begins no new record"
    assert "ZeroDivisionError" in error["exception"]
