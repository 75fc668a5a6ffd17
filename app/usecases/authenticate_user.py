"""AuthenticateUser."""

from dataclasses import dataclass
from typing import final
from uuid import uuid4

from app.domain.errors import InvalidCredentials, InvalidInput, Unauthenticated
from app.domain.session import SessionId
from app.domain.user import User, normalised_email, normalised_password
from app.usecases.ports import AccessTokens, Clock, PasswordHasher, Transactions, Viewer
from app.usecases.register_user import Session


@final
@dataclass(frozen=True, slots=True)
class AuthenticateUser:
    """Sign a user in.

    A wrong password, an unknown address and something that could be neither get the same answer after the same work,
    so that nobody learns who has an account.

    :raises InvalidCredentials: in all three cases
    """

    transactions: Transactions
    passwords: PasswordHasher
    tokens: AccessTokens
    clock: Clock

    async def __call__(self, email: str, password: str) -> Session:
        try:
            address, secret = normalised_email(email), normalised_password(password)
        except InvalidInput:
            await self.passwords.verify("", None)
            raise InvalidCredentials from None
        user = await self.transactions.read(lambda t: t.users.by_email(address))
        if not await self.passwords.verify(secret, user.password_hash if user else None) or user is None:
            raise InvalidCredentials
        if self.passwords.outdated(user.password_hash):
            await self._rehash(user, secret)
        return Session(self.tokens.issue(user.id, SessionId(str(uuid4()))), user)

    async def _rehash(self, user: User, password: str) -> None:
        password_hash = await self.passwords.hash(password)
        now = self.clock.now()
        await self.transactions.write(lambda t: t.users.set_password_hash(user.id, password_hash, now))


@final
@dataclass(frozen=True, slots=True)
class ShowViewer:
    """Give the account of who asks.

    :raises Unauthenticated: where it was deleted since the token was issued
    """

    transactions: Transactions

    async def __call__(self, viewer: Viewer) -> User:
        user = await self.transactions.read(lambda t: t.users.by_id(viewer.id))
        if user is None:
            raise Unauthenticated
        return user
