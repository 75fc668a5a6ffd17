"""The search of all logs is itself held by a test: in a run of its own, with a secret planted."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

ROOT = Path(__file__).parents[1]
RUN = [sys.executable, "-m", "pytest", "-p", "tests.secrets_in_logs", "-p", "no:cacheprovider"]


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder that the search of this run itself does not reach."""
    with TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.mark.parametrize("processes", ["0", "2"])
@pytest.mark.parametrize(
    ("story", "found"),
    [
        ("logging.getLogger('x').info('a $argon2id hash')", "this process: a password's hash"),
        ("(tmp_path / 'child.log').write_text('Bearer eyJ')", "child.log: an Authorization header"),
        ("logging.getLogger('x').info('a plain line')", None),
    ],
)
def test_a_secret_in_a_log_fails_the_run(story: str, found: str | None, processes: str, elsewhere: Path):
    (elsewhere / "test_story.py").write_text(f"import logging\ndef test_story(tmp_path):\n    {story}\n")
    (elsewhere / "pytest.ini").write_text("[pytest]\n")
    ran = subprocess.run(
        [*RUN, "--numprocesses", processes, "--basetemp", str(elsewhere / "made"), str(elsewhere)],
        cwd=elsewhere,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "1 passed" in ran.stdout, ran.stdout + ran.stderr
    if found is None:
        assert ran.returncode == 0, ran.stdout + ran.stderr
    else:
        assert ran.returncode == 1
        assert found in ran.stdout
