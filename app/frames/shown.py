"""What ``fiapx frames`` says: to people, with a line of progress at a terminal, or to programs."""

import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO, final

from app.domain.failure import Failure
from app.domain.user import Locale
from app.domain.video import Progress
from app.frames.arguments import Wanted
from app.frames.composition import Taken
from app.infra.reasons import PortugueseReasons
from app.terminal import plain, size

_PROGRAM: Final = "fiapx frames"
_CLEAR: Final = "\r\x1b[K"


def locale_of(environment: Mapping[str, str]) -> Locale:
    """Return the language of messages, as setlocale(3) finds it, among those that there are."""
    said = next(filter(None, (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return Locale.PT_BR if said.partition(".")[0] == "pt_BR" else Locale.EN


def worded(failure: Failure, locale: Locale) -> str:
    """Return why a film failed, in this language."""
    return PortugueseReasons()(failure.code, failure.reason) if locale is Locale.PT_BR else failure.reason


@final
@dataclass(frozen=True, slots=True)
class Teller:
    """Prints what becomes of films. A terminal gets the progress on stderr, in one line that is always replaced."""

    quiet: bool
    as_json: bool

    @property
    def shows_progress(self) -> bool:
        return not self.quiet and not self.as_json and sys.stderr.isatty()

    def progress(self, film: Path, progress: Progress) -> None:
        of = "" if progress.frames_expected is None else f" of {progress.frames_expected}"
        sys.stderr.write(
            f"{_CLEAR}{plain(film.name)}  {progress.percent:3.0f} %  {progress.frames_extracted}{of} frames"
        )
        sys.stderr.flush()

    def end_of_progress(self) -> None:
        if self.shows_progress:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()

    def taken(self, wanted: Wanted, taken: Taken) -> None:
        if self.as_json:
            self._say_json(wanted, taken=taken)
        elif not self.quiet:
            for warning in taken.warnings:
                complain(f"{wanted.film}: {warning}")
            pictures = "1 frame" if taken.frames == 1 else f"{taken.frames} frames"
            _say(plain(f"{wanted.result}: {pictures}, {size(taken.size_bytes)}"), sys.stdout)

    def failed(self, wanted: Wanted, code: str, reason: str) -> None:
        if self.as_json:
            self._say_json(wanted, failure={"code": code, "reason": reason})
        else:
            complain(f"{wanted.film}: {code}: {reason}")

    def _say_json(self, wanted: Wanted, taken: Taken | None = None, failure: Mapping[str, str] | None = None) -> None:
        line = {
            "file": str(wanted.film),
            "result": None if taken is None else str(wanted.result),
            "frames": 0 if taken is None else taken.frames,
            "bytes": 0 if taken is None else taken.size_bytes,
            "warnings": [] if taken is None else taken.warnings,
            "failure": failure,
        }
        _say(json.dumps(line), sys.stdout)  # In ASCII, since a name on a disk may be none in Unicode.


def complain(sentence: str) -> None:
    """Print on stderr what went wrong."""
    _say(plain(f"{_PROGRAM}: {sentence}"), sys.stderr)


def _say(line: str, where: TextIO) -> None:
    encoding = where.encoding or "ascii"
    with suppress(BrokenPipeError):  # Nobody reads any more; the frames are wanted all the same.
        print(line.encode(encoding, "backslashreplace").decode(encoding), file=where, flush=True)
