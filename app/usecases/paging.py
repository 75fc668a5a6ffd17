"""Keyset pagination: cursors that name a place in a list, so that new entries in front move nothing."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from app.domain.errors import InvalidInput

MAX_PAGE: Final = 100
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR_MAX: Final = 128
_MILLISECONDS_MAX: Final = 253_402_300_799_999  # The year 9999, the last that a datetime can hold.


@dataclass(frozen=True, slots=True)
class PageKey:
    """The place of something in its owner's list (keyset pagination, newest first)."""

    created_at: datetime
    id: str


def cursor_of(created_at: datetime, entry: str) -> str:
    """Name the place of an entry, by when it was made and its id, opaque to clients."""
    milliseconds = (created_at - _EPOCH) // timedelta(milliseconds=1)
    return base64.urlsafe_b64encode(f"{milliseconds}:{entry}".encode()).decode().rstrip("=")


def page_key(text: str) -> PageKey:
    """Read a cursor.

    :raises InvalidInput: where it is not one of ours
    """
    wrong = InvalidInput("This cursor is not valid.", field=("after",))
    if len(text) > _CURSOR_MAX or not text.isascii():
        raise wrong
    try:
        when, _, entry = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True).decode().partition(":")
        milliseconds = int(when)
        key = PageKey(_EPOCH + timedelta(milliseconds=milliseconds), str(UUID(entry)))
    except (ValueError, binascii.Error, OverflowError):
        raise wrong from None
    if not 0 <= milliseconds <= _MILLISECONDS_MAX or key.id != entry:
        raise wrong
    return key


def checked_page(first: int, after: str | None) -> PageKey | None:
    """Check what a client asks of a list.

    :raises InvalidInput: for a page size outside 1 to 100 or a cursor that is not ours
    """
    if not 1 <= first <= MAX_PAGE:
        raise InvalidInput(f"A page has 1 to {MAX_PAGE} entries.", field=("first",))
    return None if after is None else page_key(after)
