"""A page of documentation with commands in it, and the shell that runs them."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.ops.promtool import ROOT

PAGE: Final = ROOT / "docs" / "operations.md"

_SECTION: Final = re.compile(r"^## (.+)$", re.MULTILINE)
_BLOCK: Final = re.compile(r"(?P<before>[^\n]*)\n+```sh(?P<kind>[ a-z]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_SENTINEL: Final = "@@ this block ended with"


@dataclass(frozen=True)
class Block:
    """Some commands; ``kind`` says what they need that a test has not: a cluster, aws, or nothing."""

    section: str
    before: str
    kind: str
    text: str


def blocks() -> Iterator[Block]:
    parts = _SECTION.split(PAGE.read_text())
    for section, text in zip(parts[1::2], parts[2::2], strict=True):
        for found in _BLOCK.finditer(text):
            yield Block(section, found["before"], found["kind"].strip(), found["text"])


@dataclass
class Shell:
    """One bash for the whole page, as an operator has it open: what a block sets, the next ones know."""

    folder: Path
    variables: Mapping[str, str]
    ran: list[Block] = field(default_factory=list)

    def __enter__(self) -> Self:
        for part in (".venv", "app", "jobs", "migrations", "ops"):  # As if this were the checkout.
            (self.folder / part).symlink_to(ROOT / part)
        plain = {name: value for name, value in os.environ.items() if not name.startswith("FIAPX_")}
        self._bash = subprocess.Popen(
            ["bash", "-u"],
            cwd=self.folder,
            env={**plain, **self.variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.do("kill ${API_PID:-} ${WORKER_PID:-} 2>/dev/null; wait; true")
        with self._bash:
            assert self._bash.stdin
            self._bash.stdin.close()
            self._bash.wait(20)

    def run(self, section: str, number: int | None = None) -> str:
        """Run a section's blocks, or one of them, that need nothing we have not; give what they said."""
        of_section = [block for block in blocks() if block.section == section and not block.kind]
        chosen = of_section if number is None else [of_section[number]]
        assert chosen, section
        said = ""
        for block in chosen:
            self.ran.append(block)
            said += self.do(block.text)
        return said

    def do(self, commands: str) -> str:
        """Run commands to their end, the first that fails being the last; give what they said."""
        script = self.folder / "block.sh"
        script.write_text(commands)
        assert self._bash.stdin
        assert self._bash.stdout
        # Where a sourced file is part of a condition, errexit is off in it; so it is switched on around.
        self._bash.stdin.write(f"trap 'echo; echo \"{_SENTINEL} 1\"' EXIT; set -e; . ./block.sh; set +e; trap - EXIT\n")
        self._bash.stdin.write(f'echo; echo "{_SENTINEL} 0"\n')
        self._bash.stdin.flush()
        said = ""
        for line in self._bash.stdout:
            if line.startswith(_SENTINEL):
                assert line.split()[-1] == "0", f"{commands}\n{said}\n{self._logs()}"
                return said
            said += line
        raise AssertionError(f"{commands}\n{said}\n{self._logs()}")

    def _logs(self) -> str:
        return "\n".join(log.read_text()[-2000:] for log in self.folder.glob("*.log"))
