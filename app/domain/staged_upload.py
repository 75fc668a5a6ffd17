"""A file that its owner sends in parts, straight to the storage."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.domain.batch import BatchId
from app.domain.errors import UploadNotFound
from app.domain.identifiers import parsed_uuid
from app.domain.options import ExtractionOptions
from app.domain.user import UserId
from app.domain.video import VideoId

_MIB: Final = 1024**2
HEAD_BYTES: Final = 64 * 1024
"""So much of a file's beginning is shown before it is sent, and must be what was sent in the end."""
_LEAST_PART: Final = 8 * _MIB
_LARGEST_PART: Final = 4096 * _MIB
"""S3 takes parts of 5 MiB to 5 GiB."""
PARTS: Final = 1000
"""A part is no more than about a thousandth of its file: who is interrupted loses no more, however slow the line.
S3 would allow ten thousand, but all of them are listed again and again."""


def part_size(size_bytes: int) -> int:
    """Return the bytes of each part but the last, for a file of this size: a power of two, 8 MiB at least."""
    size = _LEAST_PART
    while size < _LARGEST_PART and size * PARTS < size_bytes:
        size *= 2
    return size


def sha256_of(data: bytes) -> str:
    """Return a digest as it is kept, in hex."""
    return hashlib.sha256(data).hexdigest()


def parsed_upload_id(text: str) -> VideoId:
    """Read a client's id.

    :raises UploadNotFound: where it is no UUID in canonical form
    """
    return VideoId(parsed_uuid(text, UploadNotFound))


@dataclass(frozen=True, slots=True)
class StagedUpload:
    """An unfinished upload in parts. Its reservation has the same id, and so will its processing.

    ``storage_upload_id`` is what the storage calls it. The digests are SHA-256 in hex: of what tells this file apart,
    where its owner has such a text, and of its first ``HEAD_BYTES``.
    """

    id: VideoId
    owner: UserId
    source_key: str
    size_bytes: int
    expires_at: datetime
    file_name: str
    options: ExtractionOptions
    fingerprint_sha256: str | None
    head_sha256: str
    part_size_bytes: int
    storage_upload_id: str
    batch: BatchId | None = None
    """Which one its processing is to join."""

    @property
    def part_count(self) -> int:
        return -(-self.size_bytes // self.part_size_bytes)

    def size_of(self, number: int) -> int:
        """Return how many bytes the part with this number has, from 1."""
        return min(self.part_size_bytes, self.size_bytes - (number - 1) * self.part_size_bytes)

    def missing(self, stored: Collection[tuple[int, int]]) -> list[int]:
        """Return the numbers of the parts that are not among these, each a number and its bytes."""
        return [number for number in range(1, self.part_count + 1) if (number, self.size_of(number)) not in stored]


def ranges(numbers: Collection[int], most: int = 20) -> str:
    """Return rising numbers as a person reads them, such as ``3, 7-9``: at most so many ranges, then how many more."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][-1] + 1:
            found[-1][1:] = [number]
        else:
            found.append([number])
    text = ", ".join("-".join(map(str, one)) for one in found[:most])
    return f"{text} and {len(found) - most} more ranges" if len(found) > most else text
