"""``fiapx frames`` of the built wheel, with no checkout at hand: the same pictures as a worker takes."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from app.domain.options import ExtractionOptions, ImageFormat
from tests.extracting import every
from tests.films import X264, Films
from tests.frames.worker import CHANGED_AT, by_a_worker
from tests.parts.wheels import of_the_project

FIAPX = (
    "from importlib.metadata import entry_points; "
    "(fiapx,) = entry_points(group='console_scripts', name='fiapx'); fiapx.load()()"
)


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """The wheel, unpacked."""
    unpacked = tmp_path / "unpacked"
    with zipfile.ZipFile(of_the_project(tmp_path)) as file:
        file.extractall(unpacked)
    shutil.rmtree(tmp_path / "project")
    return unpacked


@pytest.mark.slow
async def test_the_wheel_alone_takes_the_pictures_that_a_worker_does_and_says_why_another_fails(
    wheel: Path, films: Films, tmp_path: Path
):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    film, cut = folder / "férias.mp4", folder / "cut.mp4"
    film.write_bytes(films.numbered("short.mp4", 16, 16, *X264, "-bf", "2", "-g", "8").read_bytes())
    os.utime(film, (CHANGED_AT, CHANGED_AT))
    cut.write_bytes(film.read_bytes()[:1000])
    run = fiapx(wheel, folder, "*.mp4", "--every", "0.25", "--format", "png", "--json")
    assert (run.returncode, run.stderr) == (1, b"")
    bad, good = map(json.loads, run.stdout.splitlines())
    assert bad["failure"]["code"] == "CORRUPT_VIDEO"
    assert bad["failure"]["reason"].startswith("Este arquivo termina antes do fim do vídeo")
    assert good == {
        "file": "férias.mp4", "result": "férias.frames.zip", "frames": 4,
        "bytes": (folder / "férias.frames.zip").stat().st_size, "warnings": [], "failure": None,
    }  # fmt: skip
    expected = tmp_path / "expected.zip"
    expected.write_bytes(await by_a_worker(film, ExtractionOptions(every(0.25), ImageFormat.PNG), tmp_path))
    assert digests(folder / good["result"]) == digests(expected)
    assert (folder / good["result"]).read_bytes() == expected.read_bytes()


def fiapx(wheel: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    """Run the wheel's own command, in another folder than any checkout."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(wheel), "LANG": "pt_BR.UTF-8"}
    command = [sys.executable, "-P", "-c", FIAPX, "frames", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False, timeout=60)


def digests(archive: Path) -> dict[str, str]:
    with zipfile.ZipFile(archive) as opened:
        return {name: hashlib.sha256(opened.read(name)).hexdigest() for name in opened.namelist()}
