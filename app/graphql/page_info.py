"""Where a page of anything lies (the Relay cursor connection, by keyset)."""

import strawberry

from app.usecases.paging import Listed, Page, cursor_of


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """What a client needs to go on."""

    has_next_page: bool = strawberry.field(description="Whether more follow.")
    has_previous_page: bool = strawberry.field(description="Whether this is not the first page.")
    start_cursor: str | None = strawberry.field(description="The first edge's cursor; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="The last edge's cursor; null on an empty page.")

    @classmethod
    def of(cls, page: Page[Listed], *, follows: bool) -> "PageInfo":
        return cls(
            has_next_page=page.has_next,
            has_previous_page=follows,
            start_cursor=cursor_of(page.entries[0]) if page.entries else None,
            end_cursor=cursor_of(page.entries[-1]) if page.entries else None,
        )
