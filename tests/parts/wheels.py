"""Wheels, built as pip does it, with the setuptools that is here."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
_BUILD = "import sys; from setuptools.build_meta import build_wheel; print(build_wheel(sys.argv[1]))"


def built(source: Path, to: Path) -> Path:
    """Build the wheel of a copy, since building leaves its traces there."""
    subprocess.run([sys.executable, "-c", _BUILD, str(to)], cwd=source, check=True, capture_output=True)
    (wheel,) = to.glob("*.whl")
    return wheel


def of_the_project(folder: Path) -> Path:
    """Build the project's own, but for the pages, which tests need not have built."""
    source = folder / "project"
    source.mkdir()
    for name in ("LICENSE", "NOTICE", "README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, source)
    left_out = shutil.ignore_patterns("__pycache__", "static", "*.egg-info")
    for name in ("app", "devserver", "jobs", "migrations", "clients/python"):
        shutil.copytree(ROOT / name, source / name, ignore=left_out)
    return built(source, folder / "built")
