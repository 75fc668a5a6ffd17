from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import final
from uuid import uuid4

from app.domain.notification import NotificationEvent
from app.domain.user import Locale, User, UserId, checked_name, new_password
from app.usecases.email_moves import must_be_free
from app.usecases.enqueue_notification import enqueue_link
from app.usecases.ports.messengers import MailAddresses
from app.usecases.ports.rate_limits import RateLimitKey, RateLimits
from app.usecases.ports.tokens import PasswordHasher
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.sessions import Session, SessionUseCases


@final
@dataclass(frozen=True, slots=True)
class RegisterUser:
    """Make an account, and sign it in.

    ``address`` is the network address that asks, ``agent`` what its program calls itself.

    With ``verify_email`` a link is mailed, and nothing else is until it was used; without, the address is taken to be
    the owner's.

    :raises InvalidInput: for a name, address or password that breaks a rule
    :raises EmailAlreadyRegistered: the database's unique index decides, so two at once cannot both win
    :raises RateLimited: where too many were registered from there
    """

    transactions: Transactions
    passwords: PasswordHasher
    sessions: SessionUseCases
    limits: RateLimits
    addresses: MailAddresses
    verify_email: bool
    link_lifetime: timedelta

    async def __call__(
        self, name: str, email: str, password: str, locale: Locale, address: str, agent: str | None = None
    ) -> Session:
        user, add = await self._prepared(name, email, password, locale, address)

        async def sign_in(t: Transaction) -> Session:
            await add(t)
            return await self.sessions.open(t, user, agent)

        return await self.transactions.write(sign_in)

    async def without_session(self, name: str, email: str, password: str, locale: Locale, address: str) -> User:
        """Make an account whose owner signs in later."""
        user, add = await self._prepared(name, email, password, locale, address)
        await self.transactions.write(add)
        return user

    async def _prepared(
        self, name: str, email: str, password: str, locale: Locale, address: str
    ) -> tuple[User, Callable[[Transaction], Awaitable[None]]]:
        """Return an account, and the step that records it."""
        name, password = checked_name(name), new_password(password)
        normal, spellings = self.addresses.normal_form(email), self.addresses.spellings(email)
        await self.limits.spend(RateLimitKey.REGISTER_BY_ADDRESS, address)
        password_hash = await self.passwords.hash(password)
        clock = self.sessions.clock
        now = clock.now()
        user = User(
            id=UserId(str(uuid4())),
            name=name,
            email=normal,
            password_hash=password_hash,
            locale=locale,
            email_on_failure=True,
            email_on_completion=False,
            created_at=now,
            updated_at=now,
            email_verified_at=None if self.verify_email else now,
        )

        async def add(t: Transaction) -> None:
            await must_be_free(t, spellings, now)
            await t.users.add(user)
            if self.verify_email:
                event = NotificationEvent.VERIFY_EMAIL
                await enqueue_link(t, t.email_verifications, user, event, clock, self.link_lifetime)

        return user, add
