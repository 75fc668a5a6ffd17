"""Where a page lies in its list (the Relay cursor connection, by keyset)."""

from collections.abc import Sequence

import strawberry


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """What a client needs to go on."""

    has_next_page: bool = strawberry.field(description="Whether older ones follow.")
    has_previous_page: bool = strawberry.field(description="Whether this is not the first page.")
    start_cursor: str | None = strawberry.field(description="The first edge's cursor; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="The last edge's cursor; null on an empty page.")

    @classmethod
    def of(cls, cursors: Sequence[str], *, has_next: bool, follows: bool) -> "PageInfo":
        return cls(
            has_next_page=has_next,
            has_previous_page=follows,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        )
