"""Keyset pagination: cursors that name a place in a list, so that new entries in front move nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, Protocol, TypeVar

from app.domain import base64url
from app.domain.errors import InvalidInput
from app.domain.identifiers import is_uuid

PAGE: Final = 20
"""The entries of a page where nobody says how many."""
MAX_PAGE: Final = 100
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR_MAX: Final = 128
_MILLISECONDS_MAX: Final = 253_402_300_799_999  # The year 9999, the last that a datetime can hold.


class Listed(Protocol):
    """An entry of its owner's list, whose place there is told by when it was made and its id."""

    @property
    def created_at(self) -> datetime: ...
    @property
    def id(self) -> str: ...


Entry_co = TypeVar("Entry_co", bound=Listed, covariant=True)


@dataclass(frozen=True, slots=True)
class PageKey:
    """The place of something in its owner's list (keyset pagination, newest first)."""

    created_at: datetime
    id: str

    @classmethod
    def of(cls, entry: Listed) -> "PageKey":
        """Return an entry's own place."""
        return cls(entry.created_at, entry.id)


@dataclass(frozen=True, slots=True)
class Page(Generic[Entry_co]):
    """A part of a user's list, newest first."""

    entries: Sequence[Entry_co]
    has_next: bool

    @classmethod
    def of(cls, found: Sequence[Entry_co], first: int) -> "Page[Entry_co]":
        """Return the first of what was found, of which there is one more where another page follows."""
        return cls(found[:first], has_next=len(found) > first)


def cursor_of(entry: Listed) -> str:
    """Name the place of an entry, opaque to clients."""
    milliseconds = (entry.created_at - _EPOCH) // timedelta(milliseconds=1)
    return base64url.encoded(f"{milliseconds}:{entry.id}".encode())


def page_key(text: str) -> PageKey:
    """Read a cursor.

    :raises InvalidInput: where it is not one of ours
    """
    wrong = InvalidInput("This cursor is not valid.", field=("after",))
    if len(text) > _CURSOR_MAX:
        raise wrong
    try:
        when, _, entry = base64url.decoded(text).decode().partition(":")
        milliseconds = int(when)
        key = PageKey(_EPOCH + timedelta(milliseconds=milliseconds), entry)
    except (ValueError, OverflowError):
        raise wrong from None
    if not 0 <= milliseconds <= _MILLISECONDS_MAX or not is_uuid(entry):
        raise wrong
    return key


def wrong_size(field: str = "first") -> InvalidInput:
    """Return the error for a page of a size that there is not."""
    return InvalidInput(f"A page has 1 to {MAX_PAGE} entries.", field=(field,))


def checked_page(first: int, after: str | None) -> PageKey | None:
    """Check what a client asks of a list.

    :raises InvalidInput: for a page size outside 1 to 100 or a cursor that is not ours
    """
    if not 1 <= first <= MAX_PAGE:
        raise wrong_size()
    return None if after is None else page_key(after)
