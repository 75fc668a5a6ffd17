"""What the supervisor has to know of a program: how to start it and how to tell that it serves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

LOOPBACK: Final = "127.0.0.1"
ROOT: Final = Path(__file__).parents[1]
"""Where this package and ``app`` lie: what makes ``python -m app...`` work from any folder."""

_INHERITED: Final = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Program:
    """A child process to be: nothing of the starter's environment reaches it but what ``environment`` holds."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    """The working directory; made at the start where it is missing."""
    serves: Callable[[], bool] | None = None
    """Asks the program itself, within a few seconds, whether it does its work; None where being alive is enough."""
    stdin: bytes = field(default=b"", repr=False)
    """What it reads at its start; secrets go here, because a command line can be read by every user."""
    mend: Callable[[], str | None] = lambda: None
    """Is called where it ended before it served: puts out of its way what may be damaged, and returns a sentence about
    that; None where there is nothing to put aside, or nothing any more."""


def plain_environment(inherited: Mapping[str, str], **added: str) -> dict[str, str]:
    """Hand a store the little that any program needs, so that nobody's AWS_* or proxy settings confuse it."""
    return {name: inherited[name] for name in _INHERITED if name in inherited} | added
