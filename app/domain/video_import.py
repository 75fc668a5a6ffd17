"""A file that the service fetches from a link, and what becomes of that."""

import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import unquote, urlsplit

from app.domain.container import ACCEPTED_EXTENSIONS, checked_file_name
from app.domain.described import Described
from app.domain.errors import InvalidInput, UnsupportedFileFormat
from app.domain.failure import ImportFailure
from app.domain.options import ExtractionOptions
from app.domain.public_url import URL_MAX, PublicUrl
from app.domain.user import UserId
from app.domain.video import VERSION_STEP, VideoId

_MIB: Final = 1024**2
_LEAST_PART: Final = 8 * _MIB
_PARTS: Final = 8000
"""S3 takes ten thousand. Here nobody lists them again and again, so parts may be small: a worker holds two of each
import in its memory, and fetches no more than two again after a break."""
_LEAST_TIME: Final = timedelta(hours=1)
"""A server that is away for a while is waited for, however small its file is."""
_ADDRESS: Final = PublicUrl("An import", "url", because="a link that needs them cannot be fetched")
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_NO_NAME: Final = "video"
_STEM_MAX: Final = 200


class ImportStatus(Described):
    """The states of an import."""

    WAITING = "Waiting", "Waits for its turn, or for its next try."
    FETCHING = "Fetching", "A worker fetches the file; no other may."
    IMPORTED = "Imported", "The file is here, and the processing of the import's id is under way. Final."
    FAILED = "Failed", "The file could not be fetched; failure says why. Final."

    @property
    def final(self) -> bool:
        """Whether nothing changes any more."""
        return not _NEXT[self]


_NEXT: Final[Mapping[ImportStatus, frozenset[ImportStatus]]] = {
    ImportStatus.WAITING: frozenset({ImportStatus.FETCHING, ImportStatus.FAILED}),
    # Again FETCHING: another worker takes over a lease that ran out.
    ImportStatus.FETCHING: frozenset(ImportStatus),
    ImportStatus.IMPORTED: frozenset(),
    ImportStatus.FAILED: frozenset(),
}
"""The whole life of an import."""
UNFINISHED_IMPORTS: Final = frozenset(status for status in ImportStatus if _NEXT[status])


@dataclass(frozen=True, slots=True)
class VideoImport:
    """One import, as it is at ``version``. Its reservation has the same id, and so will its processing.

    ``attempt`` is the fencing token, ``version`` rises as a processing's does. ``wake_at`` is when a waiting one may be
    tried, and when the lease of one that is fetched runs out. ``faults`` counts the tries in a row that brought nothing
    on. ``validator`` tells this content of the link from another; where there is none, nothing can be gone on with.
    ``ends_at`` is when it is given up.
    """

    id: VideoId
    owner: UserId
    url: str
    options: ExtractionOptions
    created_at: datetime
    ends_at: datetime
    wake_at: datetime
    file_name: str | None = None
    """As it was asked for, or as it was found; None until then."""
    status: ImportStatus = ImportStatus.WAITING
    attempt: int = 0
    faults: int = 0
    version: int = VERSION_STEP
    fetched_bytes: int = 0
    total_bytes: int | None = None
    """None until the link tells, and where it never does."""
    validator: str | None = None
    part_size_bytes: int | None = None
    storage_upload_id: str | None = None
    """What the storage calls what came; None where nothing was begun."""
    ended_at: datetime | None = None
    failure: ImportFailure | None = None

    @property
    def shown_url(self) -> str:
        """The link without its query, in which keys to a file may be."""
        return self.url.partition("?")[0]


class LinkFault(Exception):
    """A link gives no file: for good, or, where it is ``passing``, this time."""

    def __init__(self, failure: ImportFailure, *, passing: bool = False) -> None:
        super().__init__(failure.reason)
        self.failure = failure
        self.passing = passing


def checked_link(text: str, buckets: Collection[str], *, loopback: bool = False) -> str:
    """Return a link in the form in which it is kept: an https URL by the rules of ``PublicUrl``, or ``s3://bucket/key``.

    With ``loopback`` it may be on this machine, over http too. An object is one of the ``buckets`` or refused.

    :raises InvalidInput: with a sentence that says what is wrong
    """
    if not text.lower().startswith("s3:"):
        return _ADDRESS.checked(text, loopback=loopback)
    bucket, slash, key = text[len("s3://") :].partition("/")
    if len(text) > URL_MAX or text[: len("s3://")].lower() != "s3://" or not _BUCKET.fullmatch(bucket) or not slash:
        raise _wrong("An object's link is s3://bucket/key.")
    if not key or not key.isprintable() or "?" in key:
        raise _wrong("An object's link ends with its key, which has no question mark here.")
    if bucket not in buckets:
        raise _wrong("Nothing is imported here from this bucket.")
    return f"s3://{bucket}/{key}"


def object_of(link: str) -> tuple[str, str] | None:
    """Return the bucket and the key that a checked link names; None where it names a page of the web."""
    bucket, _, key = link.removeprefix("s3://").partition("/")
    return (bucket, key) if link.startswith("s3://") else None


def checked_import_name(text: str) -> str:
    """Return the name that a file is to have.

    :raises InvalidInput: where nothing is left of it
    :raises UnsupportedFileFormat: where it ends like no film
    """
    name = checked_file_name(text)
    if not _ends_like_a_film(name):
        raise UnsupportedFileFormat(field=("fileName",))
    return name


def found_name(said: str | None, links: Sequence[str], ending: str) -> str:
    """Return what a fetched file is called: as it was ``said``, or as one of its links ends, and always like a film.

    What ends like a film comes first; where nothing does, ``ending``, which files of its content have, is put behind.
    """
    paths = [
        found[1] if (found := object_of(link)) else unquote(urlsplit(link).path, errors="replace") for link in links
    ]
    names = []
    for text in (said or "", *paths):
        with suppress(InvalidInput):
            names.append(checked_file_name(text.rstrip("/")))
    named = [name for name in names if name.strip(".")]
    like_a_film = next(filter(_ends_like_a_film, named), None)
    return like_a_film or checked_file_name(f"{(named or [_NO_NAME])[0][:_STEM_MAX]}.{ending}")


def import_part_size(most_bytes: int) -> int:
    """Return the bytes of each part but the last, for a file of so many bytes at most: 8 MiB, doubled if need be."""
    size = _LEAST_PART
    while size * _PARTS < most_bytes:
        size *= 2
    return size


def time_for(size_bytes: int, least_rate: int) -> timedelta:
    """Return how long a file of this size may take, where its link gives so many bytes a second at least."""
    return max(_LEAST_TIME, timedelta(seconds=size_bytes / least_rate))


def _ends_like_a_film(name: str) -> bool:
    return "." in name and name.rpartition(".")[2].lower() in ACCEPTED_EXTENSIONS


def _wrong(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, field=("url",))
