"""Choose the newest allowed version of every Python package and write them down with their hashes: ``make lock``.

With ``--keep`` what is written down stays, where pyproject.toml still allows it: for a package more or less.

All are chosen together, once, and each stands in one file: the first in which it is needed. Each file begins with the
one below it (``-r``), so that an image gets its own part of the lock and a checkout gets all of it. The files hold
hashes for every platform and no address, and so install from any mirror. ADR 19 says why they are four.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Layer:
    """A file of the lock, and which parts of pyproject.toml it brings beside those of the files below it."""

    file: str
    brings: tuple[str, ...] = ()


LAYERS: Final = (
    Layer("requirements-webapi.txt"),
    Layer("requirements-worker.txt", ("--extra", "worker")),
    Layer("requirements.txt", ("--extra", "embedded")),
    Layer("requirements-dev.txt", ("--group", "dev")),
)
NODE: Final = "requirements-node.txt"
"""Not of the lock: Node.js for machines that have none."""
_COMPILE: Final = ("uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes")
_PLAIN: Final = ("--no-emit-index-url", "--no-header")
_NAME: Final = re.compile(r"^[a-z0-9][a-z0-9._-]*")


def blocks(text: str) -> dict[str, str]:
    """Return what a compiled file says of each package, by its name: its pins, their hashes, and who needs it.

    A package has several pins where one version is for some versions of Python and another for the rest.
    """
    found: dict[str, str] = {}
    for part in re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE):
        if name := _NAME.match(part):
            found[name[0]] = found.get(name[0], "") + part
    return found


def layered(everything: Mapping[str, str], needed: Sequence[frozenset[str]]) -> list[str]:
    """Divide what was chosen: each package goes into the first layer that needs it, and stands nowhere else."""
    texts, placed = [], frozenset[str]()
    for index, names in enumerate(needed):
        below = f"-r {LAYERS[index - 1].file}\n" if index else ""
        texts.append(below + "".join(everything[name] for name in sorted(names - placed)))
        placed |= names
    return texts


def _compiled(*options: str) -> str:
    done = subprocess.run([*_COMPILE, *_PLAIN, *options], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout


def _chosen(layers: Sequence[Layer], *options: str) -> dict[str, str]:
    parts = [option for layer in layers for option in layer.brings]
    return blocks(_compiled(*options, *parts, "pyproject.toml"))


def main(*, keep: bool) -> None:
    """Choose for all layers at once, then ask of each what it needs."""
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder) / "pins.txt"
        before = [block for layer in LAYERS for block in blocks((ROOT / layer.file).read_text("utf-8")).values()]
        pins.write_text("".join(before), "utf-8")
        # uv prefers what the file has already, and writes there.
        _chosen(LAYERS, "--output-file", str(pins), *([] if keep else ["--upgrade"]))
        everything = blocks(pins.read_text("utf-8"))
        needed = [frozenset(_chosen(LAYERS[:count], "-c", str(pins))) for count in range(1, len(LAYERS) + 1)]
    for layer, text in zip(LAYERS, layered(everything, needed), strict=True):
        (ROOT / layer.file).write_text(text, "utf-8")
    if not keep:
        (ROOT / NODE).write_text(_compiled("--upgrade", "--group", "node"), "utf-8")


if __name__ == "__main__":
    try:
        main(keep="--keep" in sys.argv[1:])
    except FileNotFoundError:
        sys.exit("make lock needs uv on the PATH.")
    except subprocess.CalledProcessError as failed:
        sys.exit(failed.stderr.decode())
