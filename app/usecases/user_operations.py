"""What operators do with users."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final, final

from app.domain.audit import Deed, Operator, Target
from app.domain.errors import InvalidInput, UserNotFound
from app.domain.session import SessionId
from app.domain.user import Role, User, UserId
from app.domain.video import ProcessingStatus
from app.usecases.api_keys import end_key_sessions
from app.usecases.audit import AuditedDeeds, Done
from app.usecases.authenticate_user import account_of
from app.usecases.paging import ANY, Page, Wanted, paged
from app.usecases.ports.messengers import MailAddresses
from app.usecases.ports.sessions import EndedSessions
from app.usecases.ports.transactions import Transaction
from app.usecases.quota import stored_bytes
from app.usecases.sessions import other_sessions

_MOST_VIDEOS: Final = 2**31 - 1
_MOST_BYTES: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class UserOverview:
    """A user, what is kept of theirs, in how many sessions they are, and whether their videos are paused."""

    user: User
    videos: Mapping[ProcessingStatus, int]
    stored_bytes: int
    sessions: int
    paused: bool


@final
@dataclass(frozen=True, slots=True)
class UserOperations:
    """List users, look at one, and change what one may; each deed is in the audit log.

    :raises NotAnOperator: from all, where a user acts who has not the role
    :raises UserNotFound: from each that names one, where there is none
    """

    deeds: AuditedDeeds
    ended: EndedSessions
    addresses: MailAddresses

    async def list(self, operator: Operator, part: str = "", wanted: Wanted = ANY) -> Page[User]:
        """Return a page of those with this in their address, newest first.

        :raises InvalidInput: for a page size that there is not or a cursor that is not ours
        """
        asked, of_address = wanted.slice(), part.strip().lower()
        return await self.deeds.read(operator, lambda t: paged(asked, lambda some: t.users.page(of_address, some)))

    async def find(self, operator: Operator, email: str) -> User:
        """Return whose address this is, in whatever spelling.

        :raises InvalidInput: where it is no address
        """
        spellings = self.addresses.spellings(email)
        user = await self.deeds.read(operator, lambda t: account_of(t, spellings))
        if user is None:
            raise UserNotFound
        return user

    async def show(self, operator: Operator, user: UserId) -> UserOverview:
        """Return one with what is theirs."""
        now = self.deeds.clock.now()

        async def look(t: Transaction) -> UserOverview:
            found = await t.users.by_id(user)
            if found is None:
                raise UserNotFound
            videos = {status: await t.videos.count(user, {status}) for status in ProcessingStatus}
            sessions, pauses = await t.sessions.of(user), await t.pauses.all()
            paused = any(pause.owner in {None, user} for pause in pauses)
            return UserOverview(found, videos, await stored_bytes(t, user, now), len(sessions), paused)

        return await self.deeds.read(operator, look)

    async def set_quota(
        self,
        operator: Operator,
        user: UserId,
        max_active_videos: int | None,
        max_stored_bytes: int | None,
        reason: str | None = None,
    ) -> User:
        """Let this user have so many unfinished videos, and keep so much; None for what the settings say.

        :raises InvalidInput: for a number below zero
        """
        for most, bound in ((max_active_videos, _MOST_VIDEOS), (max_stored_bytes, _MOST_BYTES)):
            if most is not None and not 0 <= most <= bound:
                raise InvalidInput(f"This limit is a whole number from 0 to {bound}.", field=("quota",))

        def change(seen: User, now: datetime) -> User:
            return replace(seen, max_active_videos=max_active_videos, max_stored_bytes=max_stored_bytes, updated_at=now)

        told = {"maxActiveVideos": max_active_videos, "maxStoredBytes": max_stored_bytes}
        return await self._change(operator, Deed.QUOTA, user, reason, change, told)

    async def disable(self, operator: Operator, user: UserId, reason: str | None = None) -> User:
        """End this user's sessions and imports, and let nobody sign in or upload; what was accepted is done, and told.

        Keys for programs are refused until the account is enabled again, and what is open by them is cut.
        """

        async def step(t: Transaction, now: datetime) -> Done[tuple[User, list[SessionId]]]:
            seen = await _locked(t, user)
            disabled = replace(seen, disabled_at=seen.disabled_at or now, updated_at=now)
            await t.users.save(disabled)
            await t.imports.wake(user, now)  # So that they end by this at once.
            sessions = await other_sessions(t, user)
            ended = [*sessions, *await end_key_sessions(t, user)]
            await t.sessions.end(ended, now)
            return Done((disabled, ended), {"sessions": len(sessions)})

        disabled, ended = await self.deeds.carry_out(operator, Deed.DISABLE, Target.user(user), reason, step)
        await self.ended.announce(ended)
        return disabled

    async def enable(self, operator: Operator, user: UserId, reason: str | None = None) -> User:
        """Let this user sign in again."""

        def change(seen: User, now: datetime) -> User:
            return replace(seen, disabled_at=None, updated_at=now)

        return await self._change(operator, Deed.ENABLE, user, reason, change)

    async def set_role(self, operator: Operator, user: UserId, role: Role, reason: str | None = None) -> User:
        """Make this user an operator, or one no more; it counts from their next request on."""

        def change(seen: User, now: datetime) -> User:
            return replace(seen, role=role, updated_at=now)

        return await self._change(operator, Deed.ROLE, user, reason, change, {"role": role})

    async def _change(
        self,
        operator: Operator,
        deed: Deed,
        user: UserId,
        reason: str | None,
        change: Callable[[User, datetime], User],
        details: Mapping[str, object] = MappingProxyType({}),
    ) -> User:
        async def step(t: Transaction, now: datetime) -> Done[User]:
            changed = change(await _locked(t, user), now)
            await t.users.save(changed)
            return Done(changed, details)

        return await self.deeds.carry_out(operator, deed, Target.user(user), reason, step)


async def _locked(t: Transaction, user: UserId) -> User:
    found = await t.users.lock(user)
    if found is None:
        raise UserNotFound
    return found
