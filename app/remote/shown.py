"""What commands print: bars at a terminal, else a line for each change, or an object a line for programs."""

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TextIO, final

from app.terminal import plain, size
from fiapx_client import Key, Video

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_WHOLE: Final = 100.0


@dataclass(frozen=True, slots=True)
class Change:
    """Where a film or a video is now. ``name`` is what people know it by; ``percent`` is of what ``state`` says."""

    name: str
    state: str
    file: str | None = None
    id: str | None = None
    percent: float = 0.0
    detail: str = ""
    result: str | None = None
    failure: tuple[str, str] | None = None

    def document(self) -> Mapping[str, Any]:
        """Return it for programs."""
        failure = None if self.failure is None else {"code": self.failure[0], "reason": self.failure[1]}
        return {
            "file": self.file,
            "id": self.id,
            "state": self.state,
            "percent": round(self.percent, 1),
            "result": self.result,
            "failure": failure,
        }


@final
@dataclass(slots=True)
class Teller:
    """Prints how far all is. ``command`` is what failures are told by."""

    command: str
    quiet: bool = False
    as_json: bool = False
    _bars: "Progress | None" = None
    _tasks: "dict[str, TaskID]" = field(default_factory=dict)
    _last: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        if not self.quiet and not self.as_json and sys.stderr.isatty():
            self._bars = _bars()
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def moved(self, change: Change) -> None:
        """Show how far something is, which may be often."""
        if self._bars is not None:
            self._draw(self._bars, change)
        elif self._last.get(change.name) != (now := (change.state, change.detail)):
            self._last[change.name] = now
            self._told(change)

    def ended(self, change: Change) -> None:
        """Print what came of something in the end."""
        if self._bars is not None and change.name in self._tasks:
            self._bars.remove_task(self._tasks.pop(change.name))
        if change.failure is not None and not self.as_json:
            self.complain(f"{change.name}: {': '.join(change.failure)}")
        else:
            self._told(change)

    def complain(self, sentence: str) -> None:
        """Print on stderr what went wrong."""
        self._say(plain(f"fiapx {self.command}: {sentence}"), sys.stderr)

    def _told(self, change: Change) -> None:
        if self.as_json:
            self._say(json.dumps(change.document()), sys.stdout)
        elif not self.quiet:
            detail = f", {change.detail}" if change.detail else ""
            self._say(plain(f"{change.name}: {change.state}{detail}"), sys.stdout)

    def _draw(self, bars: "Progress", change: Change) -> None:
        if change.name not in self._tasks:
            self._tasks[change.name] = bars.add_task(plain(change.name), total=_WHOLE, state="")
        bars.update(self._tasks[change.name], completed=change.percent, state=change.state)

    def _say(self, line: str, where: TextIO) -> None:
        if self._bars is not None and where.isatty():
            from rich.text import Text  # noqa: PLC0415

            self._bars.console.print(Text(line), soft_wrap=True)  # Above the bars.
        else:
            say(line, where)


def _bars() -> "Progress":
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, TextColumn  # noqa: PLC0415

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %", markup=False),
        TextColumn("{task.fields[state]}", markup=False),
        console=Console(stderr=True, highlight=False),
        redirect_stdout=False,
        redirect_stderr=False,
        transient=True,
    )


def say(line: str, where: TextIO | None = None) -> None:
    """Print a line at once, whoever reads."""
    where = where or sys.stdout
    encoding = where.encoding or "ascii"
    with suppress(BrokenPipeError):
        print(line.encode(encoding, "backslashreplace").decode(encoding), file=where, flush=True)


def say_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows: as a table at a terminal, else with a tabulator between what is on a line, and without their head."""
    shown = [[plain(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in shown:
            say("\t".join(row))
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None)
    for index, name in enumerate(head):
        table.add_column(name, overflow="fold", no_wrap=index == 0)
    for row in shown:
        table.add_row(*map(Text, row))
    Console(highlight=False).print(table)


VIDEO_HEAD: Final = ("ID", "FILE", "SIZE", "STATUS", "", "SENT")


def video_row(video: Video) -> Sequence[str]:
    """Return a video's line of a list."""
    at = f"{video.created_at.astimezone():%Y-%m-%d %H:%M}"
    return (video.id, video.name, size(video.size_bytes), video.status, how_far(video), at)


def how_far(video: Video) -> str:
    """Return what else there is to say of a video in few words."""
    if video.failure is not None:
        return video.failure.code
    if video.frames is not None:
        return "1 frame" if video.frames.frame_count == 1 else f"{video.frames.frame_count} frames"
    if video.status == "COMPLETED":
        return ""
    return f"{video.percent:.0f} %"


def video_document(video: Video) -> Mapping[str, Any]:
    """Return a video for programs."""
    failure = video.failure
    return {
        "id": video.id,
        "originalFileName": video.name,
        "sizeBytes": video.size_bytes,
        "status": video.status,
        "percent": video.percent,
        "frameCount": None if video.frames is None else video.frames.frame_count,
        "failure": None if failure is None else {"code": failure.code, "reason": failure.reason},
        "createdAt": video.created_at.isoformat(),
        "completedAt": None if video.completed_at is None else video.completed_at.isoformat(),
        "expiresAt": None if video.expires_at is None else video.expires_at.isoformat(),
    }


KEY_HEAD: Final = ("ID", "NAME", "SCOPES", "ENDS WITH", "EXPIRES", "LAST USED")


def key_row(key: Key) -> Sequence[str]:
    """Return a key's line of a list."""
    times = (f"{at.astimezone():%Y-%m-%d %H:%M}" if at else "" for at in (key.expires_at, key.last_used_at))
    return (key.id, key.name, ", ".join(key.scopes), key.ending, *times)


def key_document(key: Key) -> dict[str, Any]:
    """Return a key for programs."""
    return {
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "ending": key.ending,
        "createdAt": key.created_at.isoformat(),
        "expiresAt": key.expires_at and key.expires_at.isoformat(),
        "lastUsedAt": key.last_used_at and key.last_used_at.isoformat(),
    }
