"""What a command has sent, for its next run, should this one be ended."""

import hashlib
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self, final

_KEPT_SECONDS: Final = 24 * 3600
"""As long as the service keeps what it has of an unfinished upload."""


@final
@dataclass
class Journal:
    """What came of films and of links, for as long as the same command has not done all it was to do."""

    path: Path
    _sent: dict[str, str] = field(default_factory=dict)
    _fetched: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, environment: Mapping[str, str], url: str, what: Sequence[str], options: Mapping[str, Any]) -> Self:
        """Find what a former run of the same command, with the same films or links, has sent within a day."""
        base = Path(environment.get("XDG_STATE_HOME", ""))
        folder = (base if base.is_absolute() else Path.home() / ".local" / "state") / "fiapx" / "uploads"
        command = json.dumps([url, sorted(what), options], sort_keys=True)
        path = folder / f"{hashlib.sha256(command.encode('utf-8', 'surrogateescape')).hexdigest()}.json"
        journal = cls(path)
        with suppress(AttributeError, KeyError, OSError, TypeError, ValueError):
            if time.time() - path.stat().st_mtime < _KEPT_SECONDS:
                said = json.loads(path.read_text("utf-8"))
                journal._sent = {str(film): str(video) for film, video in said["sent"].items()}
                journal._fetched = set(map(str, said["fetched"]))
        return journal

    def video_of(self, film: Path) -> str | None:
        """Return what came of a film, if it has not been changed since."""
        return self._sent.get(_mark(film))

    def sent(self, film: Path, video: str) -> None:
        """Note what came of a film."""
        self._sent[_mark(film)] = video
        self._write()

    def import_of(self, link: str) -> str | None:
        """Return the import that was asked for by this link."""
        return self._sent.get(_digest(link))

    def imported(self, link: str, which: str) -> None:
        """Note the import of a link, which itself may be a secret, and is not kept."""
        self._sent[_digest(link)] = which
        self._write()

    def has_fetched(self, film: Path) -> bool:
        """Whether its frames are here."""
        return _mark(film) in self._fetched

    def fetched(self, film: Path) -> None:
        """Note that its frames are here."""
        self._fetched.add(_mark(film))
        self._write()

    def _write(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self.path.with_suffix(f".{secrets.token_hex(4)}.part")
        part.write_text(json.dumps({"sent": self._sent, "fetched": sorted(self._fetched)}), "utf-8")
        part.replace(self.path)

    def done(self) -> None:
        """Forget all: the next run is a new command."""
        self.path.unlink(missing_ok=True)


def _digest(link: str) -> str:
    return hashlib.sha256(link.encode("utf-8", "surrogateescape")).hexdigest()


def _mark(film: Path) -> str:
    try:
        now = film.stat()
    except OSError:
        return ""
    return f"{now.st_dev}:{now.st_ino}:{now.st_size}:{now.st_mtime_ns}"
