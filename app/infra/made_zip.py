"""A ZIP that is nowhere stored: its regions, each made when it is read and only as far."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple, TypeVar, final

T = TypeVar("T")


class DamagedArchive(Exception):
    """A stored ZIP is not laid out as ours are; nothing can be made of it."""


class Region(NamedTuple):
    """A part of the whole; ``read`` makes its bytes from one offset within it to another, or somewhat more."""

    length: int
    read: Callable[[int, int], AsyncIterator[bytes]]

    @classmethod
    def of(cls, data: bytes) -> "Region":
        """Return one whose bytes are known."""
        return cls(len(data), lambda begin, stop: _only(data[begin:stop]))


@final
class MadeZip:
    """``JoinedArchive``."""

    def __init__(self, regions: Sequence[Region]) -> None:
        self._regions = regions
        self.size_bytes = sum(region.length for region in regions)

    async def read(self, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        last, at = self.size_bytes if end is None else min(end, self.size_bytes), 0
        for region in self._regions:
            begin, stop = max(0, start - at), min(region.length, last - at)
            at += region.length
            if begin >= stop:
                continue
            left = stop - begin
            async with ending(exactly(region.read(begin, stop), left)) as pieces:
                async for piece in pieces:
                    yield piece


@asynccontextmanager
async def ending(made: AsyncIterator[T]) -> AsyncIterator[AsyncIterator[T]]:
    """Let what makes these end with the block, with what it has open in the storage."""
    try:
        yield made
    finally:
        if isinstance(made, AsyncGenerator):
            await made.aclose()


async def exactly(pieces: AsyncIterator[bytes], length: int) -> AsyncIterator[bytes]:
    """Yield so many bytes of these and no more; raises ``DamagedArchive`` where there are less."""
    async with ending(pieces) as source:
        async for piece in source:
            yield piece[:length]
            length -= len(piece)
            if length <= 0:
                return
    raise DamagedArchive("a stored ZIP is shorter than it says")


async def _only(piece: bytes) -> AsyncIterator[bytes]:
    yield piece
