"""The end of a ZIP that ``StoredZip`` wrote: how the rest is laid out, and where its last entry is.

Whoever can write to the storage may have put anything there, so nothing is believed that could not be true of an
archive of that size: None is the answer to every other one.
"""

import struct
from dataclasses import dataclass
from typing import Final

from app.infra.zip_format import (
    CENTRAL,
    CENTRAL_SIGNATURE,
    END,
    END64,
    END64_SIGNATURE,
    END_SIGNATURE,
    LOCAL,
    LOCATOR64,
    LOCATOR64_SIGNATURE,
    MAX16,
    MAX32,
    STORED,
    zip64_extra,
)

CLOSING_BYTES: Final = END64.size + LOCATOR64.size + END.size
"""The records that close an archive are no longer than this."""
TAIL_BYTES: Final = 512
"""Nor is its end, from before the last entry of its directory on, where that is a file with a short name."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Of a stored ZIP: how many entries it has, where its central directory begins, and how long that is."""

    entries: int
    data_bytes: int
    directory_bytes: int


def layout_of(tail: bytes, archive_bytes: int) -> Layout | None:
    """Read the records that close an archive, of which ``tail`` are the last ``CLOSING_BYTES`` or more, or all."""
    closing = tail[-END.size :]
    if len(closing) < END.size:
        return None
    signature, _, _, _, entries, directory, data, comment = END.unpack(closing)
    if signature != END_SIGNATURE or comment:
        return None
    if entries == MAX16 or MAX32 in (directory, data):
        closing = tail[-CLOSING_BYTES:]
        if len(closing) < CLOSING_BYTES or closing[END64.size :][:4] != LOCATOR64_SIGNATURE:
            return None
        signature, *_, entries, directory, data = END64.unpack_from(closing)
        if signature != END64_SIGNATURE:
            return None
    if not entries or data + directory + len(closing) != archive_bytes:
        return None
    return Layout(entries, data, directory)


def last_entry(tail: bytes, archive_bytes: int, name: str) -> tuple[int, int] | None:
    """Return where the data of the last entry begins and ends (exclusive), where it is a stored one so named.

    ``tail`` are the archive's last ``TAIL_BYTES``, or all of them.
    """
    layout, raw = layout_of(tail, archive_bytes), name.encode()
    if layout is None:
        return None
    # The directory's last record, of which the extra field stands at the very end.
    directory = tail[: len(tail) - (archive_bytes - layout.data_bytes - layout.directory_bytes)]
    for numbers in range(4):
        extra = zip64_extra(*[0] * numbers)
        at = len(directory) - CENTRAL.size - len(raw) - len(extra)
        if at < max(0, len(directory) - layout.directory_bytes):
            return None
        record = CENTRAL.unpack_from(directory, at)
        named = directory[at + CENTRAL.size : len(directory) - len(extra)]
        if (record[0], record[10], record[11], named) == (CENTRAL_SIGNATURE, len(raw), len(extra), raw):
            offset = struct.unpack_from("<Q", directory, len(directory) - 8)[0] if numbers else record[16]
            return _data(layout, record[4], record[8], record[9], offset, LOCAL.size + len(raw))
    return None


def _data(layout: Layout, method: int, stored: int, plain: int, offset: int, header: int) -> tuple[int, int] | None:
    """Return where the data is that ends where the directory begins, behind a plain header that begins at ``offset``.

    One of 4 GiB has another header; no last entry of ours is as large.
    """
    begin = layout.data_bytes - stored
    sound = method == STORED and stored == plain and offset == begin - header >= 0
    return (begin, layout.data_bytes) if sound else None
