"""``make film`` does with a film what a worker would, and says how that went."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


def told(film: Path) -> str:
    command = [sys.executable, "-m", "tests.film", str(film)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_a_film_that_can_be_read_is_completed(samples: Path):
    assert "COMPLETED: " in told(samples / "bikes.mp4")


def test_a_film_that_was_cut_short_fails_with_the_code_that_its_owner_would_get(samples: Path, tmp_path: Path):
    cut = tmp_path / "cut.mp4"
    cut.write_bytes((samples / "bikes.mp4").read_bytes()[:300_000])
    assert "FAILED after 0 frames: CORRUPT_VIDEO: This file ends before the film does" in told(cut)
