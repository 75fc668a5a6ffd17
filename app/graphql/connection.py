"""Pages of anything (the Relay cursor connection, by keyset): what their types have in common."""

from collections.abc import Callable
from typing import Annotated, Final, Generic, Self, TypeVar

import strawberry

from app.usecases.paging import MAX_PAGE, PAGE, Listed, Page

First = Annotated[
    int | None,
    strawberry.argument(description=f"How many from the front, 1 to {MAX_PAGE}; {PAGE} where none are named."),
]
After = Annotated[str | None, strawberry.argument(description="The cursor of the one before the first.")]
Before = Annotated[str | None, strawberry.argument(description="The cursor of the one behind the last.")]
Last = Annotated[
    int | None, strawberry.argument(description=f"How many from the back, 1 to {MAX_PAGE}, in place of first.")
]
PAGED: Final = f"Keyset pagination; first or last is 1 to {MAX_PAGE}."
"""What a field that is a list in pages says of that."""

Entry = TypeVar("Entry", bound=Listed)
Node = TypeVar("Node")
Line = TypeVar("Line")


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """What a client needs to go on."""

    has_next_page: bool = strawberry.field(description="Whether others come after these.")
    has_previous_page: bool = strawberry.field(description="Whether others come before these.")
    start_cursor: str | None = strawberry.field(description="The first edge's cursor; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="The last edge's cursor; null on an empty page.")

    @classmethod
    def of(cls, page: Page[Listed]) -> "PageInfo":
        return cls(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=page.order.cursor(page.entries[0]) if page.entries else None,
            end_cursor=page.order.cursor(page.entries[-1]) if page.entries else None,
        )


@strawberry.type
class Edge(Generic[Node]):
    """One line of a page; each kind of them describes its ``node`` anew."""

    node: Node
    cursor: str = strawberry.field(description="Its place: what to send as after or before to go on from here.")

    @classmethod
    def each(cls, page: Page[Entry], show: Callable[[Entry], Node]) -> list[Self]:
        """Return the lines of a page, on which its entries are as ``show`` makes them."""
        return [cls(node=show(one), cursor=page.order.cursor(one)) for one in page.entries]


@strawberry.type
class Connection(Generic[Line]):
    """One page; each kind of them describes its ``edges`` anew."""

    edges: list[Line]
    page_info: PageInfo = strawberry.field(description="Where this page lies.")
