"""Reads a Dockerfile as far as ours goes: stages with their instructions, and what the build context lets through."""

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass
class Stage:
    """One ``FROM ... AS name``; instructions are pairs of a word in capitals and the rest of its logical line."""

    base: str
    name: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def all(self, word: str) -> list[str]:
        return [rest for instruction, rest in self.instructions if instruction == word]


def stages(path: Path = ROOT / "Dockerfile") -> dict[str, Stage]:
    found: list[Stage] = []
    for word, rest in instructions(path):
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            found.append(Stage(base, name))
        elif found:
            found[-1].instructions.append((word, rest))
    return {stage.name: stage for stage in found}


def instructions(path: Path = ROOT / "Dockerfile") -> list[tuple[str, str]]:
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    logical = re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()
    pairs = [line.split(maxsplit=1) for line in logical]
    return [(word, rest) for word, rest in pairs]


def ancestry(name: str) -> list[Stage]:
    """Give a stage and those it is built on, the first of all at the front."""
    known = stages()
    line = [known[name]]
    while line[0].base in known:
        line.insert(0, known[line[0].base])
    return line


def let_through(path: str, patterns: list[str] | None = None) -> bool:
    """Tell whether .dockerignore lets a path in: the last pattern that fits it, or a folder above it, decides."""
    if patterns is None:
        lines = (ROOT / ".dockerignore").read_text().splitlines()
        patterns = [line for line in lines if line and not line.startswith("#")]
    ignored = False
    for pattern in patterns:
        if _fits(path, pattern.removeprefix("!")):
            ignored = not pattern.startswith("!")
    return not ignored


def _fits(path: str, pattern: str) -> bool:
    parts = path.split("/")
    above = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    if pattern.startswith("**/"):
        return any(fnmatchcase(part, pattern.removeprefix("**/")) for part in parts)
    return any(one.count("/") == pattern.count("/") and fnmatchcase(one, pattern) for one in above)
