"""The table ``audit_log``."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import final

from sqlalchemy import insert, select

from app.domain.audit import AuditEntry
from app.infra.sql.rows import columns_of, record_of, storable
from app.infra.sql.table import SqlTable
from app.infra.sql.tables import audit_log
from app.usecases.paging import Slice
from app.usecases.ports.audit import AuditFilter


@final
class SqlAuditLog(SqlTable):
    """See the port."""

    async def add(self, entry: AuditEntry) -> None:
        columns = columns_of(entry, but=("details",))
        await self._write(insert(audit_log).values(details=json.dumps(dict(entry.details)), **columns))

    async def page(self, wanted: AuditFilter, part: Slice) -> Sequence[AuditEntry]:
        found = select(audit_log)
        if wanted.operator is not None:
            found = found.where(audit_log.c.operator == wanted.operator)
        if wanted.target_id is not None:
            found = found.where(audit_log.c.target_id == wanted.target_id)
        if wanted.since is not None:
            found = found.where(audit_log.c.created_at >= storable(wanted.since))
        rows = await self._slice(found, audit_log.c.created_at, audit_log.c.id, part)
        return [record_of(AuditEntry, row, details=json.loads(row["details"])) for row in rows]

    async def forget(self, *, before: datetime, limit: int) -> None:
        await self._forget(audit_log, audit_log.c.created_at < storable(before), limit)
