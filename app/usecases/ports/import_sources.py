"""What links lead to."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SourceAnswer:
    """A file that is on its way: from ``starts_at`` on, as ``chunks``, which raise ``LinkFault`` where they break off.

    ``link`` is where it was found in the end. ``total_bytes`` is the size of the whole and ``file_name`` what its
    server calls it, where that says so. ``validator`` tells its present content from any other; without one nobody can
    go on with it later.
    """

    link: str
    starts_at: int
    total_bytes: int | None
    validator: str | None
    file_name: str | None
    chunks: AsyncIterator[bytes]


class ImportSources(Protocol):
    """The web's public addresses, and the buckets from which an operator lets users import."""

    def open(
        self, link: str, start: int = 0, validator: str | None = None
    ) -> AbstractAsyncContextManager[SourceAnswer]:
        """Ask for what is behind a checked link, from this byte on, of the content that has this validator.

        It may begin at 0 all the same, where the link knows no ranges.

        :raises LinkFault: where there is nothing, nothing that may be had, or another content than before
        """
