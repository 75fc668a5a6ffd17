"""The table ``users``."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, final

from sqlalchemy import RowMapping, Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.domain.errors import EmailAlreadyRegistered
from app.domain.user import Role, User, UserId
from app.domain.webhook import FormerSecret, Webhook
from app.infra.sql.rows import columns_of, record_of
from app.infra.sql.table import SqlTable
from app.infra.sql.tables import users
from app.infra.sql.types import instant, milliseconds
from app.usecases.paging import Slice


@final
class SqlUsers(SqlTable):
    """See the port."""

    async def add(self, user: User) -> None:
        try:
            await self._write(insert(users).values(public_id=user.id, **columns_of(user, but=("id",))))
        except IntegrityError:
            # Only the statement was undone, so the database can still say which of the two unique columns it was.
            if await self.by_email(user.email) is None:
                raise
            raise EmailAlreadyRegistered(field=("email",)) from None

    async def by_id(self, user: UserId) -> User | None:
        return await self._one(select(users).where(users.c.public_id == user))

    async def by_email(self, email: str) -> User | None:
        return await self._one(select(users).where(users.c.email == email))

    async def page(self, of_address: str, part: Slice) -> Sequence[User]:
        found = select(users).where(users.c.email.contains(of_address, autoescape=True))
        return [_user_of(row) for row in await self._slice(found, users.c.created_at, users.c.public_id, part)]

    async def lock(self, user: UserId) -> User | None:
        return await self._one(select(users).where(users.c.public_id == user).with_for_update())

    async def save(self, user: User) -> None:
        try:
            await self._set(user.id, **columns_of(user, but=("id", "webhook_url")))
        except IntegrityError:
            raise EmailAlreadyRegistered(field=("email",)) from None  # No other of these columns is unique.

    async def webhook(self, user: UserId) -> Webhook | None:
        columns = select(users.c.webhook_url, users.c.webhook_secret, users.c.webhook_former_secrets)
        row = await self._row(columns.where(users.c.public_id == user))
        if row is None or row["webhook_url"] is None:
            return None
        former = [FormerSecret(secret, instant(at)) for secret, at in json.loads(row["webhook_former_secrets"])]
        return Webhook(row["webhook_url"], row["webhook_secret"], tuple(former))

    async def set_webhook(self, user: UserId, webhook: Webhook | None, at: datetime) -> None:
        url = secret = former = None
        if webhook is not None:
            url, secret = webhook.url, webhook.secret
            former = json.dumps([(one.secret, milliseconds(one.expires_at)) for one in webhook.former])
        await self._set(user, updated_at=at, webhook_url=url, webhook_secret=secret, webhook_former_secrets=former)

    async def remove(self, user: UserId) -> bool:
        return await self._write(delete(users).where(users.c.public_id == user)) == 1

    async def _set(self, user: UserId, **to: Any) -> None:
        await self._write(update(users).where(users.c.public_id == user).values(**to))

    async def _one(self, which: Select[Any]) -> User | None:
        row = await self._row(which)
        return None if row is None else _user_of(row)


def _user_of(row: RowMapping) -> User:
    return record_of(User, row, id=row["public_id"], role=row["role"] or Role.USER)
