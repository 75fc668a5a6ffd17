"""The table ``domain_events``."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, final

from sqlalchemy import ScalarSelect, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.events import DomainEvent, EventType
from app.domain.video import StatusChange, VideoId
from app.infra.sql.tables import domain_events, video_processings

_STATUS_OF: Final = {event.value: event.status for event in EventType if event.status is not None}


@final
class SqlEvents:
    """See the port."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, *events: DomainEvent) -> None:
        for event in events:
            await self._connection.execute(
                insert(domain_events).values(
                    video_id=row_of(event.video), type=event.type.value, at=event.at, attempt=event.attempt
                )
            )

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


def row_of(video: VideoId) -> ScalarSelect[Any]:
    """Return the integer id behind a video's public one, as part of a statement; NULL where there is none."""
    return select(video_processings.c.id).where(video_processings.c.public_id == video).scalar_subquery()
