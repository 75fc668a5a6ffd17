"""The power of the embedded default goes off, and what was acknowledged is there when it is back."""

from pathlib import Path

import pytest

from tests.faults.power_cuts import DISK_MEGABYTES, cut_and_cut
from tests.parts.cut_disk import CutDisk, insist_on_a_disk

pytestmark = [pytest.mark.slow, pytest.mark.outside]


def test_what_was_acknowledged_before_a_power_cut_ends_right_after_it(tmp_path: Path, samples: Path):
    """The first cut of ``make power-cut SEED=1``; before there was a flush, it lost something."""
    insist_on_a_disk()
    assert samples.exists()
    with CutDisk(tmp_path, DISK_MEGABYTES) as disk:
        said = list(cut_and_cut(disk, seed=1, cuts=1))
    assert not said[-1].startswith("all 0 "), said
