"""The table ``staged_uploads``."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, final

from sqlalchemy import Select, insert, select, update

from app.domain.staged_upload import StagedUpload
from app.domain.user import UserId
from app.domain.video import VideoId
from app.infra.sql.rows import columns_of, options_of, options_text, record_of
from app.infra.sql.table import SqlTable
from app.infra.sql.tables import staged_uploads, upload_reservations, users

_s: Final = staged_uploads.c
_r: Final = upload_reservations.c
_OF_THE_RESERVATION: Final = ("owner", "source_key", "size_bytes", "expires_at")
_SELECT: Final = (
    select(
        staged_uploads,
        users.c.public_id.label("owner"),
        _r.source_key,
        _r.declared_bytes.label("size_bytes"),
        _r.expires_at,
    )
    .join_from(staged_uploads, upload_reservations)
    .join(users, _r.user_id == users.c.id)
)


@final
class SqlStagedUploads(SqlTable):
    """See the port."""

    async def add(self, upload: StagedUpload) -> None:
        columns = columns_of(upload, but=(*_OF_THE_RESERVATION, "options"))
        await self._write(insert(staged_uploads).values(**columns, options=options_text(upload.options)))

    async def get(self, upload: VideoId) -> StagedUpload | None:
        return next(iter(await self._all(_SELECT.where(_s.id == upload))), None)

    async def of(self, owner: UserId) -> Sequence[StagedUpload]:
        return await self._all(_SELECT.where(users.c.public_id == owner))

    async def by_fingerprint(self, owner: UserId, fingerprint_sha256: str, now: datetime) -> StagedUpload | None:
        same = (users.c.public_id == owner) & (_s.fingerprint_sha256 == fingerprint_sha256)
        return next(iter(await self._all(_SELECT.where(same, _r.expires_at > now))), None)

    async def change(self, upload: StagedUpload) -> None:
        to = {"file_name": upload.file_name, "options": options_text(upload.options), "batch": upload.batch}
        await self._write(update(staged_uploads).where(_s.id == upload.id).values(**to))

    async def _all(self, query: Select[Any]) -> Sequence[StagedUpload]:
        return [record_of(StagedUpload, row, options=options_of(row["options"])) for row in await self._rows(query)]
