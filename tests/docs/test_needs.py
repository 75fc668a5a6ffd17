"""Whoever runs a test of a page that was not built hears so in one sentence."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEST = "tests/pages/test_pages.py::test_the_api_answers_where_the_page_is_served"


@pytest.fixture
def checkout_without_pages(tmp_path: Path) -> Path:
    """A copy of what it takes to collect that test, as a clone has it."""
    built = shutil.ignore_patterns("static", "node_modules", "__pycache__")
    for name in ("app", "devserver", "jobs", "migrations", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=built)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.slow
def test_a_page_that_was_not_built_is_one_sentence(checkout_without_pages: Path):
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", TEST]
    run = subprocess.run(command, cwd=checkout_without_pages, capture_output=True, text=True, check=False)
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    said = run.stdout + run.stderr
    assert said.count("This opens / and /operate and /graphiql, which is not built: make pages") == 1
    assert "Traceback" not in said
