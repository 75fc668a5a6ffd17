"""Several videos under one name: what they have in common, and how they stand together."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NewType
from uuid import uuid4

from app.domain.described import Described
from app.domain.errors import BatchNotFound
from app.domain.identifiers import parsed_uuid
from app.domain.options import ExtractionOptions
from app.domain.user import UserId, checked_line

BatchId = NewType("BatchId", str)
"""A UUID in its canonical text form."""

MOST_BATCHES: Final = 1000
"""So many may one user have."""
MOST_IN_A_BATCH: Final = 1000
"""So many videos may be in one."""
_NAME_MAX: Final = 100
_FOLDER_BYTES: Final = 120
_NO_FOLDER: Final = "video"
_UNSAFE: Final = frozenset('<>:"/\\|?*')
"""What is no part of a name on Windows, or leads elsewhere."""
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_DEVICES: Final = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³")}
)
"""Names that mean no file on Windows, whatever follows their first dot."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A user's own name for several uploads; each name stands once among its owner's.

    ``options`` are those of an upload that has none of its own, and None where the batch has none either. From
    ``closed_at`` on it is being deleted, and nothing joins it any more.
    """

    id: BatchId
    owner: UserId
    name: str
    options: ExtractionOptions | None
    created_at: datetime
    closed_at: datetime | None = None


class BatchStatus(Described):
    """How the videos of a batch stand together; more of them may join it at any time."""

    EMPTY = "Empty", "No video is in it."
    PROCESSING = "Processing", "Of at least one video the end is still to come."
    COMPLETED = "Completed", "All of its videos are completed."
    PARTLY_FAILED = "PartlyFailed", "All have ended, some of them badly."
    FAILED = "Failed", "All have failed."


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """How many of its videos are in each state, and how far all of them are, in percent of the whole."""

    pending: int = 0
    processing: int = 0
    completed: int = 0
    failed: int = 0
    percent: float = 0.0
    """What has ended counts whole, however it ended; of what has not, as much as is done."""

    @property
    def total(self) -> int:
        """How many there are."""
        return self.pending + self.processing + self.completed + self.failed

    @property
    def status(self) -> BatchStatus:
        """The one state that follows from all of theirs."""
        if not self.total:
            return BatchStatus.EMPTY
        if self.pending or self.processing:
            return BatchStatus.PROCESSING
        if not self.failed:
            return BatchStatus.COMPLETED
        return BatchStatus.PARTLY_FAILED if self.completed else BatchStatus.FAILED


def new_batch_id() -> BatchId:
    """Make an id that nobody can count or guess (RFC 9562, version 4)."""
    return BatchId(str(uuid4()))


def parsed_batch_id(text: str) -> BatchId:
    """Read a client's id.

    :raises BatchNotFound: where it is no UUID in canonical form, since no such batch can exist
    """
    return BatchId(parsed_uuid(text, BatchNotFound))


def checked_batch_name(text: str) -> str:
    """Return a batch's name as it is kept: NFC, one line, 1 to 100 characters.

    :raises InvalidInput: where it is empty, too long or holds control characters
    """
    return checked_line(text, _NAME_MAX)


def folder_names(file_names: Sequence[str]) -> list[str]:
    """Return a folder's name for each file: after the file, safe on any disk, and once even where case does not count.

    Each has at most 120 bytes of UTF-8 and a number behind it, where an earlier one is alike: ``clip``, ``clip (2)``.
    """
    taken: set[str] = set()
    tried: Counter[str] = Counter()
    names = []
    for file_name in file_names:
        stem = _folder_name(file_name)
        name, alike = stem, _alike(stem)
        while _alike(name) in taken:
            tried[alike] += 1
            name = f"{stem} ({tried[alike] + 1})"
        taken.add(_alike(name))
        names.append(name)
    return names


def _folder_name(file_name: str) -> str:
    stem, _, extension = unicodedata.normalize("NFC", file_name).rpartition(".")
    visible = (c for c in stem or extension if unicodedata.category(c) not in _INVISIBLE)
    name = "".join("_" if c in _UNSAFE else c for c in visible).strip(" .")
    name = name.encode()[:_FOLDER_BYTES].decode(errors="ignore").rstrip(" .") or _NO_FOLDER
    return f"_{name}" if name.partition(".")[0].rstrip().casefold() in _DEVICES else name


def _alike(name: str) -> str:
    """Return what two names share that a disk may take for one."""
    return unicodedata.normalize("NFKC", name).casefold()
