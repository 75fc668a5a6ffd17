"""The viewer's own account."""

from dataclasses import dataclass, replace
from typing import final

from app.domain.errors import Unauthenticated
from app.domain.session import Viewer
from app.domain.user import Locale, User, checked_name
from app.usecases.open_session import locked_user
from app.usecases.ports.clock import Clock
from app.usecases.ports.transactions import Transaction, Transactions


@final
@dataclass(frozen=True, slots=True)
class ShowViewer:
    """Return the account of who asks.

    :raises Unauthenticated: where it was deleted since the token was issued
    """

    transactions: Transactions

    async def __call__(self, viewer: Viewer) -> User:
        user = await self.transactions.read(lambda t: t.users.by_id(viewer.id))
        if user is None:
            raise Unauthenticated
        return user


@final
@dataclass(frozen=True, slots=True)
class UpdateProfile:
    """Change the viewer's name or language; None leaves it as it is.

    :raises InvalidInput: for a name that breaks a rule
    """

    transactions: Transactions
    clock: Clock

    async def __call__(self, viewer: Viewer, name: str | None, locale: Locale | None) -> User:
        checked = None if name is None else checked_name(name)

        async def update(t: Transaction) -> User:
            user, now = await locked_user(t, viewer), self.clock.now()
            changed = replace(user, name=checked or user.name, locale=locale or user.locale, updated_at=now)
            await t.users.save(changed)
            return changed

        return await self.transactions.write(update)
