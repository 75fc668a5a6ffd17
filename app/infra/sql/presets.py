"""The table ``presets``."""

from collections.abc import Sequence
from typing import Any, Final, final

from sqlalchemy import Select, delete, insert, select, update

from app.domain.preset import Preset, PresetId
from app.domain.user import UserId
from app.infra.sql.rows import columns_of, options_of, options_text, record_of
from app.infra.sql.table import SqlTable, row_of
from app.infra.sql.tables import presets, users

_p: Final = presets.c
_SELECT: Final = select(presets, users.c.public_id.label("owner")).join_from(presets, users)


@final
class SqlPresets(SqlTable):
    """See the port."""

    async def of(self, owner: UserId) -> Sequence[Preset]:
        return await self._all(_SELECT.where(users.c.public_id == owner).order_by(_p.name, _p.id))

    async def get(self, preset: PresetId) -> Preset | None:
        return next(iter(await self._all(_SELECT.where(_p.id == preset))), None)

    async def add(self, preset: Preset) -> None:
        columns = columns_of(preset, but=("owner", "options"))
        options = options_text(preset.options)
        await self._write(insert(presets).values(user_id=row_of(users, preset.owner), options=options, **columns))

    async def replace(self, preset: Preset) -> None:
        to = {"options": options_text(preset.options), "updated_at": preset.updated_at}
        await self._write(update(presets).where(_p.id == preset.id).values(**to))

    async def remove(self, owner: UserId, preset: PresetId) -> bool:
        return await self._write(delete(presets).where(_p.id == preset, _p.user_id == row_of(users, owner))) == 1

    async def _all(self, query: Select[Any]) -> Sequence[Preset]:
        return [record_of(Preset, row, options=options_of(row["options"])) for row in await self._rows(query)]
