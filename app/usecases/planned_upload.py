"""What can be said of a file before it comes."""

import re
from dataclasses import dataclass
from typing import Final

from app.domain.container import SNIFF_BYTES, check_container, checked_file_name
from app.domain.errors import FileTooLarge, InvalidInput

_KEY: Final = re.compile(r"[!-~]{1,255}")  # MySQL would take "k" and "k " for the same.


@dataclass(frozen=True, slots=True)
class PlannedUpload:
    """What a client knows of a file that it has not sent yet.

    ``first_bytes`` are the first of it, or all of a smaller one; None where the client does not show them.
    ``idempotency_key`` is the one that it is to be sent with.
    """

    file_name: str
    size_bytes: int
    first_bytes: bytes | None = None
    idempotency_key: str | None = None

    def checked(self, max_bytes: int, head_bytes: int = SNIFF_BYTES) -> str:
        """Return the name as it is kept, of a file against which nothing speaks that it tells of itself.

        Of its first bytes so many must be shown, if any are.

        :raises InvalidInput: where the name, the size or the key is none, or too few of the first bytes are shown
        :raises UnsupportedFileFormat: by name or content
        :raises FileTooLarge: where it is larger than ``max_bytes``
        """
        name = checked_file_name(self.file_name)
        if self.size_bytes < 0:
            raise InvalidInput("A file has no less than 0 bytes.", field=("sizeBytes",))
        check_idempotency_key(self.idempotency_key)
        check_size(self.size_bytes, max_bytes)
        if self.first_bytes is not None:
            needed = min(head_bytes, self.size_bytes)
            if len(self.first_bytes) < needed:
                raise InvalidInput(f"Show the first {needed} bytes.", field=("firstBytes",))
            check_container(name, self.first_bytes[: min(SNIFF_BYTES, needed)])
        return name


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
