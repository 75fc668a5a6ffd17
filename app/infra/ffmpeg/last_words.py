"""What a child says on stderr: for an operator, never for a decision."""

import asyncio
from typing import Final, final

FIRST_BYTES: Final = 8 * 1024
LAST_BYTES: Final = 64 * 1024
_LEFT_OUT: Final = b"\n[...]\n"


@final
class LastWords(asyncio.Protocol):
    """Reads all that comes and keeps the beginning and the end: a decoder may say a million lines of a damaged film."""

    def __init__(self) -> None:
        self.over = asyncio.Event()
        self._first = bytearray()
        self._last = bytearray()
        self._left_out = False

    def data_received(self, data: bytes) -> None:
        """Keep it, or forget what is older; the child never waits for us."""
        room = FIRST_BYTES - len(self._first)
        self._first += data[:room]
        self._last += data[room:]
        if len(self._last) > LAST_BYTES:
            self._left_out = True
            del self._last[:-LAST_BYTES]

    def connection_lost(self, _: Exception | None) -> None:
        """Note that nothing more comes."""
        self.over.set()

    @property
    def kept(self) -> bytes:
        """What was said so far."""
        return bytes(self._first) + (_LEFT_OUT if self._left_out else b"") + bytes(self._last)
