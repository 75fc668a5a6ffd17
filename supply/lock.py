"""Choose the newest allowed version of every Python package and write them down with their hashes: ``make lock``.

With ``--keep`` what is written down stays, where pyproject.toml still allows it: for a package more or less.

All are chosen together, once, and each pin stands in one file: the first in which it is needed. Each file begins with
the one below it (``-r``), so that an image gets its own part of the lock and a checkout gets all of it. The files hold
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
    Layer("requirements.txt", ("--extra", "client", "--extra", "embedded")),
    Layer("requirements-dev.txt", ("--group", "dev")),
)
NODE: Final = "requirements-node.txt"
"""Not of the lock: Node.js for machines that have none."""
_COMPILE: Final = ("uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes")
_PLAIN: Final = ("--no-emit-index-url", "--no-header")
_PIN: Final = re.compile(r"^[a-z0-9][^\\]*", re.MULTILINE)
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


def layered(needed: Sequence[Mapping[str, str]]) -> list[str]:
    """Divide what each layer needs: a pin goes into the first that has it, and stands nowhere else.

    Where an upper layer needs a package under wider conditions both say so: what runs gets nothing for tests' sake.
    """
    texts, placed = [], set[str]()
    for index, packages in enumerate(needed):
        below = f"-r {LAYERS[index - 1].file}\n" if index else ""
        new = [block for _, block in sorted(packages.items()) if not placed.issuperset(_PIN.findall(block))]
        texts.append(below + "".join(new))
        placed.update(pin for block in new for pin in _PIN.findall(block))
    return texts


def _compiled(*options: str) -> str:
    done = subprocess.run([*_COMPILE, *_PLAIN, *options], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout


def _chosen(layers: Sequence[Layer], pins: Path, *options: str) -> dict[str, str]:
    """Return what these layers need; uv prefers what the file of pins has already, and writes there."""
    parts = [option for layer in layers for option in layer.brings]
    _compiled("--output-file", str(pins), *options, *parts, "pyproject.toml")
    return blocks(pins.read_text("utf-8"))


def main(*, keep: bool) -> None:
    """Choose for all layers at once, then ask of each what it needs of that."""
    before = [block for layer in LAYERS for block in blocks((ROOT / layer.file).read_text("utf-8")).values()]
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder) / "pins.txt"
        pins.write_text("".join(before), "utf-8")
        everything = _chosen(LAYERS, pins, *([] if keep else ["--upgrade"]))
        needed = [everything]
        for count in range(len(LAYERS) - 1, 0, -1):  # What a layer needs, those above it have chosen.
            needed.insert(0, _chosen(LAYERS[:count], pins))
    for layer, text in zip(LAYERS, layered(needed), strict=True):
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
