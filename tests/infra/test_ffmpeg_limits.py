"""What a decoder may use follows the machine, told by files like the kernel's."""

from pathlib import Path

import pytest

from app.decoding_settings import DecodingSettings
from app.infra.ffmpeg.limits import Limits
from app.infra.machine import memory_bytes
from devserver import service

GIB = 1024**3
NO_LIMIT = "9223372036854771712"


def machine(root: Path, gib: int, **files: str) -> int:
    """Give what a machine of so much memory finds, with these files; "__" stands for a slash."""
    for name, text in {"proc__meminfo": f"MemTotal:{gib * 1024**2:>16} kB\nMemFree: 1 kB\n", **files}.items():
        file = root / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return memory_bytes(root)


def test_without_cgroups_the_limits_are_the_machines(tmp_path: Path):
    assert machine(tmp_path, 8) == 8 * GIB


def test_cgroups_version_2_limit_a_container(tmp_path: Path):
    limit = {"proc__self__cgroup": "0::/\n", "sys__fs__cgroup__memory.max": f"{2 * GIB}\n"}
    assert machine(tmp_path, 64, **limit) == 2 * GIB


def test_the_lowest_limit_on_the_way_up_counts(tmp_path: Path):
    files = {
        "proc__self__cgroup": "0::/pods/one/worker\n",
        "sys__fs__cgroup__pods__one__worker__memory.max": "max\n",
        "sys__fs__cgroup__pods__one__memory.max": f"{5 * GIB}\n",
        "sys__fs__cgroup__pods__memory.max": f"{50 * GIB}\n",
    }
    assert machine(tmp_path, 64, **files) == 5 * GIB


def test_cgroups_version_1_limit_memory_in_a_folder_of_their_own(tmp_path: Path):
    files = {
        "proc__self__cgroup": "5:cpu,cpuacct:/a\n4:memory:/docker/abc\n0::/\n",
        # As from within a container, which does not see the folders that its own group lies in.
        "sys__fs__cgroup__memory__memory.limit_in_bytes": f"{3 * GIB}\n",
    }
    assert machine(tmp_path, 16, **files) == 3 * GIB


def test_a_limit_beyond_the_machine_is_none(tmp_path: Path):
    files = {
        "proc__self__cgroup": "4:memory:/\n",
        "sys__fs__cgroup__memory__memory.limit_in_bytes": f"{NO_LIMIT}\n",
    }
    assert machine(tmp_path, 16, **files) == 16 * GIB


def test_this_machines_limits_are_found():
    assert memory_bytes() > GIB // 2
    assert memory_bytes(Path("/no/such/root")) > GIB // 2  # As on macOS, where there is no such file.


@pytest.mark.parametrize(
    ("gib", "workers", "slots", "expected"),
    [
        (64, 1, 1, 4),  # As much as a film of the largest pictures needs.
        (6, 1, 1, 3),  # Half of it.
        (16, 4, 1, 2),
        (16, 2, 2, 2),
        (16, 16, 1, 1),  # Not less: it is address space, not memory.
        (1, 1, 1, 1),
    ],
)
def test_half_the_machine_is_shared_by_all_children(gib: int, workers: int, slots: int, expected: int):
    limits = Limits.of(DecodingSettings(workers=workers, worker_slots=slots), gib * GIB)
    assert limits.memory_bytes == expected * GIB


def test_what_somebody_has_set_is_what_a_child_gets():
    assert Limits.of(DecodingSettings(extraction_memory_bytes=7 * GIB), GIB).memory_bytes == 7 * GIB


def test_every_worker_of_fiapx_up_knows_how_many_there_are():
    programs = [one for one in service.workers({"FIAPX_PORT": "1"}, 3) if one.name != "control"]
    assert [program.environment["FIAPX_WORKERS"] for program in programs] == ["3", "3", "3"]


def test_looking_at_a_file_takes_as_long_as_reading_it_from_a_slow_disk():
    limits = Limits.of(DecodingSettings(extraction_timeout_seconds=1000), GIB)
    assert limits.inspecting_seconds(0) == 60
    assert limits.inspecting_seconds(2 * GIB) == pytest.approx(60 + 102.4)
    assert limits.inspecting_seconds(50 * GIB) == 1000


def test_a_child_gets_no_more_processor_time_than_the_machine_can_give():
    limits = Limits.of(DecodingSettings(), GIB)
    child = limits.of_child(10.5)
    assert child.memory_bytes == limits.memory_bytes
    assert child.cpu_seconds >= 11


def test_a_film_may_take_so_many_times_its_length_and_ten_minutes_in_any_case():
    limits = Limits.of(DecodingSettings(extraction_ratio=10, extraction_timeout_seconds=6 * 3600))
    assert [limits.decoding_seconds(film) for film in (0, 60, 600, 7200)] == [600, 1200, 6600, 6 * 3600]
