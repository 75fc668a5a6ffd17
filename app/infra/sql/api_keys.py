"""The table ``api_keys``."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, final

from sqlalchemy import ColumnElement, RowMapping, delete, insert, select, update

from app.domain.api_key import ApiKey, ApiKeyId
from app.domain.session import Scope, SessionId
from app.domain.user import UserId
from app.infra.sql.rows import columns_of, record_of
from app.infra.sql.table import SqlTable, row_of
from app.infra.sql.tables import api_keys, users

_KNOWN: Final = {scope.value: scope for scope in Scope}


@final
class SqlApiKeys(SqlTable):
    """See the port."""

    async def add(self, key: ApiKey) -> None:
        columns = columns_of(key, but=("owner", "scopes"))
        scopes = " ".join(sorted(key.scopes))  # As OAuth writes them (RFC 6749, section 3.3).
        await self._write(insert(api_keys).values(user_id=row_of(users, key.owner), scopes=scopes, **columns))

    async def by_sha256(self, secret_sha256: str) -> ApiKey | None:
        return next(iter(await self._found(api_keys.c.secret_sha256 == secret_sha256)), None)

    async def of(self, owner: UserId) -> Sequence[ApiKey]:
        return await self._found(api_keys.c.user_id == row_of(users, owner))

    async def used(self, key: ApiKeyId, at: datetime) -> None:
        await self._write(update(api_keys).where(api_keys.c.id == key).values(last_used_at=at))

    async def renew_session(self, key: ApiKeyId, session: SessionId) -> None:
        await self._write(update(api_keys).where(api_keys.c.id == key).values(session=session))

    async def remove(self, keys: Collection[ApiKeyId]) -> None:
        await self._write(delete(api_keys).where(api_keys.c.id.in_(keys)))

    async def forget(self, *, expired_before: datetime, limit: int) -> None:
        await self._forget(api_keys, api_keys.c.expires_at <= expired_before, limit)

    async def _found(self, where: ColumnElement[bool]) -> list[ApiKey]:
        wanted: Any = select(api_keys, users.c.public_id.label("owner")).join_from(api_keys, users).where(where)
        return [_key(row) for row in await self._rows(wanted.order_by(api_keys.c.created_at, api_keys.c.id))]


def _key(row: RowMapping) -> ApiKey:
    """Read a row; scopes of a newer version are passed over, so a key may do less here and never more."""
    scopes = frozenset(_KNOWN[name] for name in row["scopes"].split() if name in _KNOWN)
    return record_of(ApiKey, row, scopes=scopes)
