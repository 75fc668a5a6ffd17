"""The table ``frame_selections``."""

from datetime import datetime
from typing import Final, final

from sqlalchemy import insert, select, update

from app.domain.places import Places
from app.domain.video import VideoId
from app.infra.sql.table import SqlTable, row_of
from app.infra.sql.tables import frame_selections, video_processings

_s: Final = frame_selections.c


@final
class SqlFrameSelections(SqlTable):
    """See the port."""

    async def keep(self, video: VideoId, places: Places, until: datetime) -> None:
        of, digest = row_of(video_processings, video), places.digest
        same = update(frame_selections).where(_s.video_id == of, _s.digest == digest)
        if not await self._write(same.values(expires_at=until)):
            kept = {"video_id": of, "digest": digest, "places": str(places), "expires_at": until}
            await self._write(insert(frame_selections).values(**kept))

    async def get(self, video: VideoId, digest: str) -> Places | None:
        of = row_of(video_processings, video)
        row = await self._row(select(_s.places).where(_s.video_id == of, _s.digest == digest))
        return None if row is None else Places.parsed(row["places"])

    async def forget(self, *, expired_before: datetime, limit: int) -> None:
        await self._forget(frame_selections, _s.expires_at < expired_before, limit)
