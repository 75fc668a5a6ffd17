"""The table ``pauses``."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, final

from sqlalchemy import ColumnElement, delete, insert, or_, select

from app.domain.user import UserId
from app.infra.sql.table import SqlTable, row_of
from app.infra.sql.tables import pauses, users, video_processings
from app.usecases.ports.pauses import Pause

_p: Final = pauses.c
PAUSED: Final = (
    select(_p.id)
    .where(or_(_p.user_id.is_(None), _p.user_id == video_processings.c.user_id))
    .correlate(video_processings)
    .exists()
)
"""Whether a pause keeps this row's next attempt from beginning, as part of a statement about ``video_processings``."""


@final
class SqlPauses(SqlTable):
    """See the port."""

    async def begin(self, owner: UserId | None, at: datetime) -> None:
        if not await self._count(pauses, _of(owner)):  # A second one of all would do no harm either.
            user = None if owner is None else row_of(users, owner)
            await self._write(insert(pauses).values(user_id=user, since=at))

    async def end(self, owner: UserId | None) -> None:
        await self._write(delete(pauses).where(_of(owner)))

    async def all(self) -> Sequence[Pause]:
        found = select(users.c.public_id.label("owner"), _p.since).join_from(pauses, users, isouter=True)
        return [Pause(row["owner"], row["since"]) for row in await self._rows(found.order_by(_p.since, _p.id))]


def _of(owner: UserId | None) -> ColumnElement[bool]:
    return _p.user_id.is_(None) if owner is None else _p.user_id == row_of(users, owner)
