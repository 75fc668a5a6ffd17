"""Keyset pagination: cursors that name a place in a list, so that new entries in front move nothing.

A page is asked for as Relay's cursor connections ask for it, from the front or from the back, and knows of both sides
whether there is more (https://relay.dev/graphql/connections.htm).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
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


Entry = TypeVar("Entry", bound=Listed)
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
class Slice:
    """What is to be read of a list: so many of those between two places, from the front or from the back.

    Neither place belongs to it, whether anything is there or not. However it is chosen, it is in the list's order.
    """

    limit: int
    after: PageKey | None = None
    before: PageKey | None = None
    from_back: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of a list a page is to have, in the words of Relay's cursor connections."""

    first: int | None = None
    after: str | None = None
    before: str | None = None
    last: int | None = None

    @property
    def size(self) -> int:
        """How many entries the page has at most.

        :raises InvalidInput: for a size outside of 1 to 100, or for two of them
        """
        if self.first is not None and self.last is not None:
            raise InvalidInput("Ask for the first or for the last ones, not for both.", field=("last",))
        for name, size in (("first", self.first), ("last", self.last)):
            if size is not None:
                if not 1 <= size <= MAX_PAGE:
                    raise wrong_size(name)
                return size
        return PAGE

    def slice(self) -> Slice:
        """Return the same of a list that lies by when its entries were made.

        :raises InvalidInput: as ``size`` does, and for a cursor that is not ours
        """
        after = None if self.after is None else page_key(self.after)
        before = None if self.before is None else page_key(self.before, "before")
        return Slice(self.size, after, before, from_back=self.last is not None)


ANY: Final = Wanted()
"""The first page, of the usual size."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Entry_co]):
    """A part of a list, in its order, and whether there are others before and after it."""

    entries: Sequence[Entry_co]
    has_previous: bool
    has_next: bool


async def paged(asked: Slice, read: Callable[[Slice], Awaitable[Sequence[Entry]]]) -> Page[Entry]:
    """Return the page that was asked for of a list whose slices ``read`` returns, in one transaction.

    One more than asked for is read, to know of the side that the page grows to. On the other side there may be more
    only where a cursor was given, and then one look behind the page says so: what its cursor named may be gone.
    """
    found = await read(replace(asked, limit=asked.limit + 1))
    more = len(found) > asked.limit
    entries = found[-asked.limit :] if asked.from_back else found[: asked.limit]
    begin, end = (PageKey.of(entries[0]), PageKey.of(entries[-1])) if entries else (asked.before, asked.after)
    previous, following = more and asked.from_back, more and not asked.from_back
    if asked.after is not None and not previous:
        previous = bool(await read(Slice(1, before=begin)))
    if asked.before is not None and not following:
        following = bool(await read(Slice(1, after=end)))
    return Page(entries, has_previous=previous, has_next=following)


def cursor_of(entry: Listed) -> str:
    """Name the place of an entry, opaque to clients."""
    milliseconds = (entry.created_at - _EPOCH) // timedelta(milliseconds=1)
    return base64url.encoded(f"{milliseconds}:{entry.id}".encode())


def page_key(text: str, field: str = "after") -> PageKey:
    """Read a cursor, which came in this argument.

    :raises InvalidInput: where it is not one of ours
    """
    wrong = InvalidInput("This cursor is not valid.", field=(field,))
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
