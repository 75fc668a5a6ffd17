"""Keyset pagination: cursors that name a place in a list, so that new entries in front move nothing.

A page is asked for as Relay's cursor connections ask for it, from the front or from the back, and knows of both sides
whether there is more (https://relay.dev/graphql/connections.htm).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic, Protocol, TypeVar

from app.domain import base64url
from app.domain.errors import InvalidInput
from app.domain.identifiers import is_uuid

PAGE: Final = 20
"""The entries of a page where nobody says how many."""
MAX_PAGE: Final = 100
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_MAX: Final = 253_402_300_799_999  # The year 9999, the last that a datetime can hold.


class Listed(Protocol):
    """An entry of its owner's list, whose place there is told by when it was made and its id."""

    @property
    def created_at(self) -> datetime: ...
    @property
    def id(self) -> str: ...


Entry = TypeVar("Entry", bound=Listed)
Entry_co = TypeVar("Entry_co", bound=Listed, covariant=True)


Value = datetime | str | float
"""What decides where an entry lies, before its id does."""


@dataclass(frozen=True, slots=True)
class PageKey:
    """The place of something in its owner's list (keyset pagination): what the list goes by, and its id."""

    value: Value
    id: str

    @classmethod
    def of(cls, entry: Listed) -> "PageKey":
        """Return an entry's own place in a list that goes by when its entries were made."""
        return BY_TIME.key(entry)


@dataclass(frozen=True, slots=True)
class Order:
    """By what a list goes: an entry's value, and how its cursors write and read that.

    ``read`` raises ``ValueError`` or ``OverflowError`` for what ``written`` does not give.
    """

    value: Callable[[Any], Value]
    written: Callable[[Any], str]
    read: Callable[[str], Value]
    cursor_max: int = 128
    """Characters that a cursor may have."""

    def key(self, entry: Listed) -> PageKey:
        """Return an entry's place."""
        return PageKey(self.value(entry), entry.id)

    def cursor(self, entry: Listed) -> str:
        """Name the place of an entry, opaque to clients."""
        return base64url.encoded(f"{self.written(self.value(entry))}:{entry.id}".encode())

    def key_in(self, cursor: str, field: str = "after") -> PageKey:
        """Read a cursor, which came in this argument.

        :raises InvalidInput: where it is not one of ours, or of another order
        """
        wrong = InvalidInput("This cursor is not valid.", field=(field,))
        if len(cursor) > self.cursor_max:
            raise wrong
        try:
            value, _, entry = base64url.decoded(cursor).decode().rpartition(":")
            key = PageKey(self.read(value), entry)
        except (ValueError, OverflowError):
            raise wrong from None
        if not is_uuid(entry):
            raise wrong
        return key


def _milliseconds(at: datetime) -> str:
    return str((at - _EPOCH) // timedelta(milliseconds=1))


def _instant(text: str) -> datetime:
    milliseconds = int(text)
    if not 0 <= milliseconds <= _MILLISECONDS_MAX:
        raise ValueError(text)
    return _EPOCH + timedelta(milliseconds=milliseconds)


BY_TIME: Final = Order(lambda entry: entry.created_at, _milliseconds, _instant)
"""By when entries were made, as most lists go."""


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

    def slice(self, order: Order = BY_TIME) -> Slice:
        """Return the same of a list that goes by an order.

        :raises InvalidInput: as ``size`` does, and for a cursor that is not ours
        """
        after = None if self.after is None else order.key_in(self.after)
        before = None if self.before is None else order.key_in(self.before, "before")
        return Slice(self.size, after, before, from_back=self.last is not None)


ANY: Final = Wanted()
"""The first page, of the usual size."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Entry_co]):
    """A part of a list, in its order, and whether there are others before and after it."""

    entries: Sequence[Entry_co]
    has_previous: bool
    has_next: bool
    order: Order = BY_TIME


async def paged(
    asked: Slice, read: Callable[[Slice], Awaitable[Sequence[Entry]]], order: Order = BY_TIME
) -> Page[Entry]:
    """Return the page that was asked for of a list whose slices ``read`` returns, in one transaction.

    One more than asked for is read, to know of the side that the page grows to. On the other side there may be more
    only where a cursor was given, and then one look behind the page says so: what its cursor named may be gone.
    """
    found = await read(replace(asked, limit=asked.limit + 1))
    more = len(found) > asked.limit
    entries = found[-asked.limit :] if asked.from_back else found[: asked.limit]
    begin, end = (order.key(entries[0]), order.key(entries[-1])) if entries else (asked.before, asked.after)
    previous, following = more and asked.from_back, more and not asked.from_back
    if asked.after is not None and not previous:
        previous = bool(await read(Slice(1, before=begin)))
    if asked.before is not None and not following:
        following = bool(await read(Slice(1, after=end)))
    return Page(entries, has_previous=previous, has_next=following, order=order)


def cursor_of(entry: Listed) -> str:
    """Name the place of an entry in a list that goes by when its entries were made, opaque to clients."""
    return BY_TIME.cursor(entry)


def page_key(text: str, field: str = "after") -> PageKey:
    """Read such a cursor, which came in this argument.

    :raises InvalidInput: where it is not one of ours
    """
    return BY_TIME.key_in(text, field)


def wrong_size(field: str = "first") -> InvalidInput:
    """Return the error for a page of a size that there is not."""
    return InvalidInput(f"A page has 1 to {MAX_PAGE} entries.", field=(field,))
