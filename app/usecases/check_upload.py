"""CheckUpload: the small question before a large file."""

import re
from dataclasses import dataclass
from typing import Final, final

from app.domain.container import SNIFF_BYTES, check_container, checked_file_name
from app.domain.errors import FileTooLarge, InvalidInput
from app.domain.session import Viewer
from app.usecases.ports.clock import Clock
from app.usecases.ports.storage import ObjectStorage
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.quota import Quota, StoredInAll

_KEY: Final = re.compile(r"[!-~]{1,255}")  # MySQL would take "k" and "k " for the same.


@dataclass(frozen=True, slots=True)
class PlannedUpload:
    """What a client knows of a file that it has not sent yet.

    ``first_bytes`` are the first ``SNIFF_BYTES`` or more of it, or all of a smaller one; None where the client does not
    show them. ``idempotency_key`` is the one that it is to be sent with.
    """

    file_name: str
    size_bytes: int
    first_bytes: bytes | None = None
    idempotency_key: str | None = None


@final
@dataclass(frozen=True, slots=True)
class CheckUpload:
    """Refuse what ``UploadVideo`` would refuse, before anything large is on its way.

    A refusal in the midst of a body reaches few clients: browsers report that the connection was lost, and send the
    whole file once more. Nothing is kept or promised here, and ``UploadVideo`` looks at all of it again.
    """

    transactions: Transactions
    clock: Clock
    quota: Quota
    in_all: StoredInAll
    storage: ObjectStorage
    max_bytes: int

    async def __call__(self, viewer: Viewer, file: PlannedUpload) -> None:
        """Check one file.

        :raises InvalidInput: where the name, the size or the key is none, or too few of the first bytes are shown
        :raises UnsupportedFileFormat: by name or content
        :raises FileTooLarge: where it is larger than an upload may be
        :raises QuotaExceeded: where the viewer has too many videos unfinished, or too many bytes
        :raises StorageFull: where the disk under the storage is full
        """
        name = checked_file_name(file.file_name)
        if file.size_bytes < 0:
            raise InvalidInput("A file has no less than 0 bytes.", field=("sizeBytes",))
        check_idempotency_key(file.idempotency_key)
        check_size(file.size_bytes, self.max_bytes)
        if file.first_bytes is not None:
            needed = min(SNIFF_BYTES, file.size_bytes)
            if len(file.first_bytes) < needed:
                raise InvalidInput(f"Show the first {needed} bytes.", field=("firstBytes",))
            check_container(name, file.first_bytes[:needed])
        if not await self.transactions.read(lambda t: self._is_repeated(t, viewer, file)):
            await self.in_all.check(file.size_bytes)
            self.storage.check_room()

    async def _is_repeated(self, t: Transaction, viewer: Viewer, file: PlannedUpload) -> bool:
        """Return whether this is an upload that was accepted; where it is not, check the viewer's quota."""
        # A repeated upload gets the video that the first one made, which may be what fills the quota.
        key = file.idempotency_key
        if key is not None and await t.videos.by_idempotency_key(viewer.id, key) is not None:
            return True
        await self.quota.check(t, viewer.id, self.clock.now(), file.size_bytes)
        return False


def check_idempotency_key(key: str | None) -> None:
    """Raise ``InvalidInput`` where a key is none that is told from all others in every database."""
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidInput(
            "An idempotency key has 1 to 255 printable ASCII characters and no spaces.", field=("idempotencyKey",)
        )


def check_size(size_bytes: int, max_bytes: int) -> None:
    """Raise ``FileTooLarge`` where a file is larger than an upload may be."""
    if size_bytes > max_bytes:
        raise FileTooLarge(f"This file is too large: {max_bytes // 1024**2} MiB are allowed.", field=("file",))
