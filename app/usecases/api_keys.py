"""Keys for programs: how they are made, proven and revoked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, final
from uuid import uuid4

from app.domain.api_key import (
    MOST_KEYS,
    ApiKey,
    ApiKeyId,
    checked_expiry,
    checked_key_name,
    ending_of,
    is_well_formed,
    new_secret,
    sha256_of,
)
from app.domain.errors import AccountDisabled, InvalidInput, QuotaExceeded, Unauthenticated
from app.domain.notification import NotificationEvent
from app.domain.session import Scope, SessionId, Viewer
from app.domain.user import UserId
from app.usecases.enqueue_notification import enqueue_mail
from app.usecases.ports.clock import Clock
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.rate_limits import RateLimitKey, RateLimits
from app.usecases.ports.sessions import EndedSessions
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.sessions import locked_user

_LATER_SECONDS: Final = 3600
"""Nobody knows when one will be revoked."""
_USE_EVERY: Final = timedelta(minutes=1)
"""So exactly is known when a key was used last: a row is not written for each request."""


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A key with its secret, which can be seen here and never again."""

    secret: str
    key: ApiKey


@final
@dataclass(frozen=True, slots=True)
class ApiKeyUseCases:
    """What a user wants done with their keys, and what a key opens."""

    transactions: Transactions
    queue: JobQueue
    ended: EndedSessions
    clock: Clock
    limits: RateLimits
    lifetime: timedelta
    """How long what is opened by a key lasts before the key is asked for again: as long as an access token."""

    async def create(
        self, viewer: Viewer, name: str, scopes: Collection[Scope], expires_at: datetime | None
    ) -> NewApiKey:
        """Make a key, and tell its owner by mail: who is in their session for a minute could keep one for years.

        :raises InvalidInput: for a name that breaks a rule, no scope at all, or an expiry in the past
        :raises QuotaExceeded: where there are too many
        """
        checked, now = checked_key_name(name), self.clock.now()
        if not scopes:
            raise InvalidInput("A key needs a scope.", field=("scopes",))
        secret = new_secret()
        key = ApiKey(
            id=ApiKeyId(str(uuid4())),
            owner=viewer.id,
            name=checked,
            scopes=frozenset(scopes),
            secret_sha256=sha256_of(secret),
            ending=ending_of(secret),
            session=_new_session(),
            created_at=now,
            expires_at=checked_expiry(expires_at, now),
        )

        async def add(t: Transaction) -> None:
            user = await locked_user(t, viewer)
            if len(await t.api_keys.of(user.id)) >= MOST_KEYS:
                sentence = f"You have {MOST_KEYS} keys, and there may be no more; revoke one first."
                raise QuotaExceeded(sentence, retry_after_seconds=_LATER_SECONDS)
            await t.api_keys.add(key)
            await enqueue_mail(t, user, NotificationEvent.API_KEY_CREATED, now, data={"keyName": checked})

        await self.transactions.write(add)
        await self.queue.deliver_notifications()
        return NewApiKey(secret, key)

    async def list(self, viewer: Viewer) -> Sequence[ApiKey]:
        """Return the viewer's, the oldest first, with those that expired not long ago."""
        return await self.transactions.read(lambda t: t.api_keys.of(viewer.id))

    async def revoke(self, viewer: Viewer, key: str) -> None:
        """End a key, with all that is open by it.

        :raises InvalidInput: where the viewer has no such key
        """

        async def remove(t: Transaction) -> SessionId:
            await t.users.lock(viewer.id)  # Or what is open by it could get another session meanwhile.
            found = next((one for one in await t.api_keys.of(viewer.id) if one.id == key), None)
            if found is None:
                raise InvalidInput("You have no such key.", field=("id",))
            await t.api_keys.remove([found.id])
            await t.sessions.end([found.session], self.clock.now())
            return found.session

        await self.ended.announce([await self.transactions.write(remove)])

    async def authenticate(self, secret: str) -> Viewer:
        """Return whose key it is and what it allows; a misspelt one is refused without a question to the database.

        :raises Unauthenticated: where it is misspelt, revoked or expired, or its owner's account disabled
        :raises RateLimited: where it comes too often
        """
        if not is_well_formed(secret):
            raise Unauthenticated("This key is misspelt: it is longer or shorter, or a letter of it is wrong.")
        key, now = await self.transactions.read(lambda t: _proven(t, secret)), self.clock.now()
        if key.expires_at is not None and key.expires_at <= now:
            raise Unauthenticated("This key has expired; make a new one.")
        ends = [now + self.lifetime, *([key.expires_at] if key.expires_at else [])]
        viewer = Viewer(key.owner, key.session, min(ends), key.scopes)
        await self.count(viewer)
        if key.last_used_at is None or key.last_used_at <= now - _USE_EVERY:
            await self._note_use(key.id, now)
        return viewer

    async def count(self, viewer: Viewer) -> None:
        """Count one request of a viewer who came by a key; raises ``RateLimited`` where it is one too many."""
        await self.limits.spend(RateLimitKey.REQUEST_BY_KEY, viewer.session)

    async def _note_use(self, key: ApiKeyId, now: datetime) -> None:
        try:
            await self.transactions.write(lambda t: t.api_keys.used(key, now))
        except DatabaseUnavailable:  # Nobody who only reads is turned away for this.
            return


async def end_key_sessions(t: Transaction, user: UserId) -> list[SessionId]:
    """Return what is to be ended so that all that is open by this user's keys is cut; the keys stay."""
    keys = await t.api_keys.of(user)
    for key in keys:
        await t.api_keys.renew_session(key.id, _new_session())
    return [key.session for key in keys]


async def revoke_all(t: Transaction, user: UserId) -> list[SessionId]:
    """Remove all keys of a user, and return what is to be ended with them."""
    keys = await t.api_keys.of(user)
    await t.api_keys.remove([key.id for key in keys])
    return [key.session for key in keys]


async def _proven(t: Transaction, secret: str) -> ApiKey:
    key = await t.api_keys.by_sha256(sha256_of(secret))
    user = None if key is None else await t.users.by_id(key.owner)
    if key is None or user is None:
        raise Unauthenticated("This key was revoked, or there never was one like it.")
    if user.disabled_at is not None:
        raise Unauthenticated(AccountDisabled.sentence())
    return key


def _new_session() -> SessionId:
    return SessionId(str(uuid4()))
