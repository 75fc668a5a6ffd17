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


def run(folder: Path, processes: int, *stories: str) -> subprocess.CompletedProcess[str]:
    """Let each story be a test."""
    tests = (f"def test_story_{number}(tmp_path):\n    {story}\n" for number, story in enumerate(stories))
    (folder / "test_story.py").write_text("import logging\n" + "".join(tests))
    (folder / "pytest.ini").write_text("[pytest]\n")
    ran = subprocess.run(
        [*RUN, "--numprocesses", str(processes), "--basetemp", str(folder / "made"), str(folder)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert f"{len(stories)} passed" in ran.stdout, ran.stdout + ran.stderr
    return ran


@pytest.mark.parametrize("processes", [0, 2])
def test_a_secret_in_a_log_fails_the_run(processes: int, elsewhere: Path):
    hashed, bearer = (
        "logging.getLogger('x').info('a $argon2id hash')",
        "(tmp_path / 'child.log').write_text('Bearer eyJ')",
    )
    key = "logging.getLogger('x').info('fx_' + 'zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17')"
    ran = run(elsewhere, processes, hashed, bearer, key)
    assert ran.returncode == 1
    assert "this process: a password's hash" in ran.stdout
    assert "child.log: an Authorization header" in ran.stdout
    assert "this process: what only the formatter took out" in ran.stdout


def test_a_run_without_a_secret_passes(elsewhere: Path):
    ran = run(elsewhere, 0, "logging.getLogger('x').info('a plain line')")
    assert ran.returncode == 0, ran.stdout + ran.stderr
