"""``manifest.json`` of a ZIP without an index, read again line by line as ``app/domain/manifest.py`` wrote it.

A hundred thousand pictures are 30 MB of it, which as objects would be several hundred: so never more than a line is
one, and what is kept of it is the index that newer ZIPs have beside them.
"""

import json
import re
from typing import Any, Final, final

from app.domain.errors import FramesUnreadable
from app.domain.frame import ArchivedFrame
from app.domain.frame_index import FrameIndex
from app.domain.manifest import VERSION

LINE_BYTES: Final = 4096
"""No picture's line is longer; the head's may be, since they hold what was asked for."""
_HEAD: Final = re.compile(rb'\{\n"version": (\d{1,9}),\n')
_BEGIN: Final = b'\n"frames": ['
_END: Final = b"],"
_NAME: Final = re.compile(r"frame_(\d{6,9})_(\d{2,5})-([0-5]\d)-([0-5]\d)\.(\d{3})\.[a-z]{3,4}", re.ASCII)
_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_HEAD_BYTES: Final = 4 * 1024**2


@final
class ManifestLines:
    """The document as it comes: ``feed`` it whole, then ask for the ``index``."""

    def __init__(self) -> None:
        self._index = FrameIndex()
        self._rest = b""
        self._begun = self._ended = False

    def feed(self, piece: bytes) -> None:
        """Read on.

        :raises FramesUnreadable: where it is no manifest of this version, or not as we write them
        """
        if self._ended:
            return
        self._rest += piece
        if not self._begun and not self._begins():
            return
        *lines, self._rest = self._rest.split(b"\n")
        for line in lines:
            if line == _END:
                self._ended = True
                return
            if line:
                self._index.add(_frame(line, self._index.count + 1))
        if len(self._rest) > LINE_BYTES:
            raise FramesUnreadable

    def index(self, count: int) -> bytes:
        """Return the index of all pictures, of which there must be so many."""
        if not self._ended or self._index.count != count:
            raise FramesUnreadable
        return b"".join(self._index.pieces())

    def _begins(self) -> bool:
        """Pass over what stands before the pictures."""
        place = self._rest.find(_BEGIN)
        if place < 0:
            if len(self._rest) > _HEAD_BYTES:
                raise FramesUnreadable
            return False
        head = _HEAD.match(self._rest)
        if head is None or int(head[1]) != VERSION:
            raise FramesUnreadable
        self._rest = self._rest[place + len(_BEGIN) :]
        self._begun = True
        return True


def _frame(line: bytes, index: int) -> ArchivedFrame:
    if len(line) > LINE_BYTES:
        raise FramesUnreadable
    try:
        said = json.loads(line.removesuffix(b","))
        name = _NAME.fullmatch(said["file"])
        (instant,) = said["instants"]
        first, last = _whole(said["range"]["first"]), _whole(said["range"]["last"])
        if name is None or int(name[1]) != index or not _SHA256.fullmatch(said["sha256"]):
            raise FramesUnreadable
        if last - first + 1 != _whole(said["sizeBytes"]):
            raise FramesUnreadable
        return ArchivedFrame(
            index=index,
            number=_whole(said["number"]),
            time_seconds=_seconds(said["timeSeconds"]),
            until_seconds=_seconds(said["untilSeconds"]),
            instant_seconds=_seconds(instant),
            name_milliseconds=_milliseconds(name),
            width=_whole(said["width"]),
            height=_whole(said["height"]),
            offset=first,
            size_bytes=last - first + 1,
            sha256=said["sha256"],
        )
    except (ValueError, TypeError, LookupError, RecursionError, OverflowError):
        raise FramesUnreadable from None


def _whole(value: Any) -> int:
    if type(value) is not int:  # A bool is one, too.
        raise FramesUnreadable
    return value


def _seconds(value: Any) -> float:
    if type(value) not in (int, float):
        raise FramesUnreadable
    return float(value)


def _milliseconds(name: re.Match[str]) -> int:
    hours, minutes, seconds, milliseconds = map(int, name.groups()[1:])
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds
