"""RegisterUser."""

from dataclasses import dataclass
from typing import final
from uuid import uuid4

from app.domain.session import SessionId
from app.domain.user import Locale, User, UserId, checked_name, normalised_email, normalised_password
from app.usecases.ports import AccessToken, AccessTokens, Clock, PasswordHasher, Transactions


@dataclass(frozen=True, slots=True)
class Session:
    """A user who has signed in, and the token that proves it."""

    token: AccessToken
    user: User


@final
@dataclass(frozen=True, slots=True)
class RegisterUser:
    """Make an account and sign it in.

    :raises InvalidInput: for a name, address or password that breaks a rule
    :raises EmailAlreadyRegistered: the database's unique index decides, so two at once cannot both win
    """

    transactions: Transactions
    passwords: PasswordHasher
    tokens: AccessTokens
    clock: Clock

    async def __call__(self, name: str, email: str, password: str, locale: Locale) -> Session:
        name, email, password = checked_name(name), normalised_email(email), normalised_password(password)
        password_hash = await self.passwords.hash(password)
        now = self.clock.now()
        user = User(
            id=UserId(str(uuid4())),
            name=name,
            email=email,
            password_hash=password_hash,
            locale=locale,
            email_on_failure=True,
            email_on_completion=False,
            created_at=now,
            updated_at=now,
        )
        await self.transactions.write(lambda t: t.users.add(user))
        return Session(self.tokens.issue(user.id, SessionId(str(uuid4()))), user)
