from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

from app.domain.errors import InvalidCredentials, InvalidInput
from app.domain.user import User, normalised_password
from app.usecases.ports.messengers import MailAddresses
from app.usecases.ports.rate_limits import RateLimitKey, RateLimits
from app.usecases.ports.tokens import PasswordHasher
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.sessions import Session, SessionUseCases


@final
@dataclass(frozen=True, slots=True)
class AuthenticateUser:
    """Sign a user in. ``address`` is the network address that asks, ``agent`` what its program calls itself.

    Only failures are counted: those from one address for one account, those from one address, and, more generously,
    those for one account, so that a stranger who fails locks nobody out but themselves. A reset by mail lets the owner
    back in whatever was counted.

    A wrong password, an unknown address and something that could be neither get the same answer after the same work,
    so that nobody learns who has an account.

    :raises InvalidCredentials: in all three cases
    :raises RateLimited: where the account was tried too often, whether it exists or not, or too much from there
    """

    transactions: Transactions
    passwords: PasswordHasher
    sessions: SessionUseCases
    limits: RateLimits
    addresses: MailAddresses

    async def __call__(self, email: str, password: str, address: str, agent: str | None = None) -> Session:
        await self.limits.check(RateLimitKey.LOGIN_BY_ADDRESS, address)
        try:
            spellings, secret = self.addresses.spellings(email), normalised_password(password)
        except InvalidInput:
            await self.limits.spend(RateLimitKey.LOGIN_BY_ADDRESS, address)
            await self.passwords.verify("", None)
            raise InvalidCredentials from None
        account = spellings[0]
        await self.limits.check(RateLimitKey.LOGIN_BY_ACCOUNT, account)
        # Counted before it is known to have failed, or many at once would all be tried.
        await self.limits.spend(RateLimitKey.LOGIN_BY_ACCOUNT_AND_ADDRESS, tries_of(account, address))
        user = await self.transactions.read(lambda t: account_of(t, spellings))
        if not await self.passwords.verify(secret, user.password_hash if user else None) or user is None:
            await self.limits.spend(RateLimitKey.LOGIN_BY_ADDRESS, address)
            await self.limits.spend(RateLimitKey.LOGIN_BY_ACCOUNT, account)
            raise InvalidCredentials
        await self.limits.forgive(RateLimitKey.LOGIN_BY_ACCOUNT_AND_ADDRESS, tries_of(account, address))
        outdated = self.passwords.outdated(user.password_hash)
        password_hash = await self.passwords.hash(secret) if outdated else user.password_hash
        return await self.transactions.write(lambda t: self._sign_in(t, user, password_hash, agent))

    async def _sign_in(self, t: Transaction, seen: User, password_hash: str, agent: str | None) -> Session:
        user = await t.users.lock(seen.id)
        if user is None or user.password_hash != seen.password_hash:  # It was changed since it was checked.
            raise InvalidCredentials
        if password_hash != user.password_hash:
            await t.users.save(replace(user, password_hash=password_hash, updated_at=self.sessions.clock.now()))
        return await self.sessions.open(t, user, agent)


def tries_of(account: str, address: str) -> str:
    """Name the tries for one account from one network address."""
    return f"{account} {address}"


async def account_of(t: Transaction, spellings: Sequence[str]) -> User | None:
    """Find whose address it is, the one that is kept just as it was typed before any other.

    Accounts from before an address had one form may be kept under another, and two of them under two.
    """
    found = [await t.users.by_email(spelling) for spelling in spellings]
    return next((user for user in reversed(found) if user is not None), None)
