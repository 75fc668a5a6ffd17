"""The table ``domain_events``."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, final

from sqlalchemy import insert, select

from app.domain.events import DomainEvent, EventType
from app.domain.video import StatusChange, VideoId
from app.infra.sql.rows import columns_of, record_of
from app.infra.sql.table import SqlTable, row_of
from app.infra.sql.tables import domain_events, video_processings

_STATUS_OF: Final = {event: event.status for event in EventType if event.status is not None}


@final
class SqlEvents(SqlTable):
    """See the port."""

    async def add(self, *events: DomainEvent) -> None:
        for event in events:
            columns = columns_of(event, but=("video",))
            await self._write(insert(domain_events).values(video_id=row_of(video_processings, event.video), **columns))

    async def log(self, video: VideoId) -> Sequence[DomainEvent]:
        mine = select(domain_events).where(domain_events.c.video_id == row_of(video_processings, video))
        return [record_of(DomainEvent, row, video=video) for row in await self._rows(mine.order_by(domain_events.c.id))]

    async def history(self, videos: Collection[VideoId]) -> Mapping[VideoId, Sequence[StatusChange]]:
        found = await self._connection.execute(
            select(video_processings.c.public_id, domain_events.c.type, domain_events.c.at, domain_events.c.attempt)
            .join_from(domain_events, video_processings)
            .where(video_processings.c.public_id.in_(videos), domain_events.c.type.in_(_STATUS_OF))
            .order_by(domain_events.c.id)
        )
        histories: dict[VideoId, list[StatusChange]] = {}
        for video, event_type, at, attempt in found:
            histories.setdefault(video, []).append(StatusChange(_STATUS_OF[event_type], at, attempt))
        return histories
