"""The table ``users``."""

import json
from datetime import datetime
from typing import Any, final

from sqlalchemy import ColumnElement, ScalarSelect, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.errors import EmailAlreadyRegistered
from app.domain.user import Locale, User, UserId
from app.domain.webhook import FormerSecret, Webhook
from app.infra.sql.tables import users
from app.infra.sql.types import instant, milliseconds


def row_of(user: UserId) -> ScalarSelect[Any]:
    """Return the integer id behind a user's public one, as part of a statement; NULL where there is none."""
    return select(users.c.id).where(users.c.public_id == user).scalar_subquery()


@final
class SqlUsers:
    """See the port."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, user: User) -> None:
        try:
            await self._connection.execute(
                insert(users).values(
                    public_id=user.id,
                    name=user.name,
                    email=user.email,
                    password_hash=user.password_hash,
                    locale=user.locale.value,
                    email_on_failure=user.email_on_failure,
                    email_on_completion=user.email_on_completion,
                    created_at=user.created_at,
                    updated_at=user.updated_at,
                    email_verified_at=user.email_verified_at,
                )
            )
        except IntegrityError:
            # Only the statement was undone, so the database can still say which of the two unique columns it was.
            if await self.by_email(user.email) is None:
                raise
            raise EmailAlreadyRegistered(field=("email",)) from None

    async def by_id(self, user: UserId) -> User | None:
        return await self._one(users.c.public_id == user)

    async def by_email(self, email: str) -> User | None:
        return await self._one(users.c.email == email)

    async def lock(self, user: UserId) -> bool:
        found = await self._connection.execute(select(users.c.id).where(users.c.public_id == user).with_for_update())
        return found.first() is not None

    async def set_password_hash(self, user: UserId, password_hash: str, at: datetime) -> None:
        await self._connection.execute(
            update(users).where(users.c.public_id == user).values(password_hash=password_hash, updated_at=at)
        )

    async def set_email_verified(self, user: UserId, at: datetime) -> None:
        await self._connection.execute(
            update(users).where(users.c.public_id == user).values(email_verified_at=at, updated_at=at)
        )

    async def set_profile(self, user: UserId, *, name: str, locale: Locale, at: datetime) -> None:
        changed = update(users).where(users.c.public_id == user)
        await self._connection.execute(changed.values(name=name, locale=locale.value, updated_at=at))

    async def set_mails(self, user: UserId, *, on_failure: bool, on_completion: bool, at: datetime) -> None:
        changed = update(users).where(users.c.public_id == user)
        await self._connection.execute(
            changed.values(email_on_failure=on_failure, email_on_completion=on_completion, updated_at=at)
        )

    async def webhook(self, user: UserId) -> Webhook | None:
        columns = select(users.c.webhook_url, users.c.webhook_secret, users.c.webhook_former_secrets)
        row = (await self._connection.execute(columns.where(users.c.public_id == user))).first()
        if row is None or row.webhook_url is None:
            return None
        former = [FormerSecret(secret, instant(at)) for secret, at in json.loads(row.webhook_former_secrets)]
        return Webhook(row.webhook_url, row.webhook_secret, tuple(former))

    async def set_webhook(self, user: UserId, webhook: Webhook | None, at: datetime) -> None:
        former = json.dumps([(one.secret, milliseconds(one.expires_at)) for one in webhook.former]) if webhook else None
        await self._connection.execute(
            update(users)
            .where(users.c.public_id == user)
            .values(
                webhook_url=webhook.url if webhook else None,
                webhook_secret=webhook.secret if webhook else None,
                webhook_former_secrets=former,
                updated_at=at,
            )
        )

    async def remove(self, user: UserId) -> bool:
        return (await self._connection.execute(delete(users).where(users.c.public_id == user))).rowcount == 1

    async def _one(self, which: ColumnElement[bool]) -> User | None:
        row = (await self._connection.execute(select(users).where(which))).mappings().first()
        if row is None:
            return None
        return User(
            id=row["public_id"],
            name=row["name"],
            email=row["email"],
            password_hash=row["password_hash"],
            locale=Locale(row["locale"]),
            email_on_failure=row["email_on_failure"],
            email_on_completion=row["email_on_completion"],
            created_at=row["created_at"],
            updated_at=row["updated_at"],
            webhook_url=row["webhook_url"],
            email_verified_at=row["email_verified_at"],
        )
