"""The orders in which a user's videos are listed, by what each goes, and how its cursors say that."""

from collections.abc import Callable
from math import isfinite
from typing import Final

from app.domain.search import FOLDED_MAX, folded
from app.domain.video import VideoOrder, VideoProcessing
from app.usecases.paging import BY_TIME, Order

UNKNOWN_DURATION: Final = -1.0
"""Seconds: where a video lies, among those that last longest, while nobody knows how long it lasts."""
_NAME_CURSOR_MAX: Final = 4 * (4 * FOLDED_MAX + 64) // 3
"""A character has up to four bytes, and three bytes are four characters of a cursor."""


def duration_of(video: VideoProcessing) -> float:
    """Return by what ``LONGEST`` goes, in seconds."""
    known = None if video.media is None else video.media.duration_seconds
    return UNKNOWN_DURATION if known is None else known


def _named(name: str, read: Callable[[str], str | float]) -> Callable[[str], str | float]:
    """Return what reads a value behind the name of what it is, so that no cursor is taken for one of another order."""

    def reader(text: str) -> str | float:
        if not text.startswith(f"{name}="):
            raise ValueError(text)
        return read(text.removeprefix(f"{name}="))

    return reader


def _name(text: str) -> str:
    if folded(text) != text:
        raise ValueError(text)
    return text


def _size(text: str) -> int:
    size = int(text)
    if not 0 <= size < 2**63:
        raise ValueError(text)
    return size


def _seconds(text: str) -> float:
    seconds = float(text)
    if not isfinite(seconds):
        raise ValueError(text)
    return seconds


_BY_NAME: Final = Order(
    lambda video: folded(video.original_file_name), "name={}".format, _named("name", _name), _NAME_CURSOR_MAX
)
_BY_SIZE: Final = Order(lambda video: video.size_bytes, "size={}".format, _named("size", _size))
_BY_DURATION: Final = Order(duration_of, "seconds={!r}".format, _named("seconds", _seconds))
ORDERS: Final = {
    VideoOrder.NEWEST: BY_TIME,
    VideoOrder.OLDEST: BY_TIME,
    VideoOrder.NAME: _BY_NAME,
    VideoOrder.LARGEST: _BY_SIZE,
    VideoOrder.LONGEST: _BY_DURATION,
}
