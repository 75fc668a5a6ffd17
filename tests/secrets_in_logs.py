"""No log line holds a secret: what the service says while tests run is searched at the end, and a find fails the run.

Searched is what this process logs, formatted as production does, and every ``*.log`` of a child under pytest's
temporary folder. Lines that a test catches itself (``structlog.testing.capture_logs``) go to that test alone.
"""

import logging
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any, Final

import pytest

from app.infra.logs import REDACTED, set_up_logs
from devserver.data_directory import DataDirectory
from tests.parts.known_secrets import KNOWN

FORMS: Final = {
    "a JSON Web Token": re.compile(r"eyJ[\w-]+\.eyJ[\w-]+"),
    "a signed URL": re.compile(r"X-Amz-(?:Signature|Credential)", re.IGNORECASE),
    "a ticket": re.compile(r"/files/[\w.~-]{20,}|/frames/[\w-]{40,}|[?&]ticket=", re.IGNORECASE),
    "the key of a webhook": re.compile(r"whsec_[\w+/]"),
    "a key for programs": re.compile(r"fx_[0-9A-Za-z]{20}"),
    "an Authorization header": re.compile(r"\bBearer [\w-]", re.IGNORECASE),
    "a password's hash": re.compile(r"\$argon2"),
    "the token of a reset": re.compile(r"[#?&]token=", re.IGNORECASE),
    # The formatter is the last line of defence: where it had to hold, the first did not. What an unexpected error says
    # is in nobody's hands, though, so of its line alone the formatter may take something out.
    "what only the formatter took out": re.compile(rf'^(?!.*"event": "unexpected_error").*{re.escape(REDACTED)}'),
}
_MADE: Final = re.compile(r'"(?:jwt_secret|link_secret|redis_password|s3_secret_key)": "([^"]{12,})"')
_ours: Final = StringIO()
_finds: Final = pytest.StashKey[list[str]]()


def found(text: str, secrets: set[str]) -> Iterator[str]:
    """Say of each line that holds something secret what that is."""
    known = re.compile("|".join(re.escape(secret) for secret in sorted(secrets)))
    for line in text.splitlines():
        for what, form in {**FORMS, "a secret of the tests' own": known}.items():
            if form.search(line):
                yield f"{what}: {line[:500]}"


def pytest_configure(config: pytest.Config) -> None:
    set_up_logs("info", _ours)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # The tests' own client names every URL that it asks for.
    # And their browser's driver the headers of what it could not fetch: that is for who looks on, and no line of ours.
    driver = logging.getLogger("playwright")
    driver.propagate = False
    driver.addHandler(logging.StreamHandler())


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if not (finds := session.config.stash.setdefault(_finds, [])):
        finds += searched(session.config)
    if hasattr(session.config, "workeroutput"):  # One of several processes: the one that sums up is told.
        session.config.workeroutput["secrets"] = finds
    elif finds and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def searched(config: pytest.Config) -> list[str]:
    """Search the logs of this process and those below its temporary folder."""
    folder: Path = config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined] # pytest has no public way to it
    made = [file.read_text(errors="replace") for file in folder.rglob(DataDirectory(Path()).secrets.name)]
    secrets = KNOWN.union(*map(_MADE.findall, made))  # Not read as JSON: some stories damage the file.
    logs = {"this process": _ours.getvalue()}
    logs |= {
        str(file.relative_to(folder)): file.read_text(errors="replace")
        for file in folder.rglob("*.log*")
        if file.is_file()
    }
    return [f"{where}: {what}" for where, text in logs.items() for what in found(text, secrets)]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what one of several processes found in its logs."""
    node.config.stash.setdefault(_finds, []).extend(node.workeroutput.get("secrets", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if finds := config.stash.get(_finds, []):
        terminalreporter.section("secrets in logs", red=True)
        terminalreporter.write_line("\n".join(finds))
