"""What the adapters of all tables ask of their transaction's connection."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, ScalarSelect, Select, Table, UpdateBase, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.infra.sql.rows import slice_of
from app.usecases.paging import Slice


def row_of(table: Table, public_id: str) -> ScalarSelect[Any]:
    """Return the integer id behind a public one, as part of a statement; NULL where there is none."""
    return select(table.c.id).where(table.c.public_id == public_id).scalar_subquery()


class SqlTable:
    """A table, or several, as one transaction sees them."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def _row(self, query: Select[Any]) -> RowMapping | None:
        return next(iter(await self._rows(query)), None)

    async def _rows(self, query: Select[Any]) -> Sequence[RowMapping]:
        found: Sequence[RowMapping] = (await self._connection.execute(query)).mappings().all()
        return found

    async def _slice(
        self,
        rows: Select[Any],
        by: ColumnElement[Any],
        entry: ColumnElement[Any],
        part: Slice,
        *,
        ascending: bool = False,
    ) -> Sequence[RowMapping]:
        """Read a part of a list, as ``slice_of`` selects it; it comes in the list's order."""
        found = await self._rows(slice_of(rows, by, entry, part, ascending=ascending))
        return found[::-1] if part.from_back else found

    async def _write(self, statement: UpdateBase) -> int:
        """Run an INSERT, UPDATE or DELETE; return how many rows it met."""
        return (await self._connection.execute(statement)).rowcount

    async def _count(self, table: Table, where: ColumnElement[bool]) -> int:
        return (await self._connection.execute(select(func.count()).select_from(table).where(where))).scalar_one()

    async def _sum(self, column: ColumnElement[int], *where: ColumnElement[bool]) -> int:
        """Add up a column; MySQL gives a decimal, and nothing for no rows."""
        return int((await self._connection.execute(select(func.sum(column)).where(*where))).scalar_one() or 0)

    async def _forget(self, table: Table, over: ColumnElement[bool], limit: int) -> None:
        """Delete at most so many rows whose time is over; one that got another time in between stays."""
        ids = (await self._connection.execute(select(table.c.id).where(over).limit(limit))).scalars().all()
        # MySQL takes no LIMIT in a subquery of IN.
        await self._write(delete(table).where(table.c.id.in_(ids), over))
