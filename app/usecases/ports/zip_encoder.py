"""The writer of ZIPs."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol


class ZipEncoder(Protocol):
    """A ZIP as it grows: entries stored, sizes known, nothing to seek back to."""

    def entry(self, name: str, data: bytes, modified_at: datetime) -> Iterator[bytes | memoryview]: ...
    @property
    def offset(self) -> int:
        """Where the next entry will begin; the data of the last one ends there, so it is ``len(data)`` before."""
        ...

    def end(self) -> Iterator[bytes]: ...
