"""Whether an address is its account's owner's: a link that is mailed there, and what to do with what came before."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, final

from app.domain.errors import VideoNotFound
from app.domain.notification import NotificationEvent
from app.domain.session import Viewer
from app.domain.user import User, UserId
from app.domain.video import ProcessingStatus
from app.usecases.email_moves import use_change_link
from app.usecases.enqueue_notification import enqueue_link
from app.usecases.mailed_link import of_no_use, used_link
from app.usecases.paging import PageKey, Slice
from app.usecases.ports.clock import Clock
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.rate_limits import RateLimitKey, RateLimits
from app.usecases.ports.tokens import LinkTokens
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.sessions import locked_user
from app.usecases.videos import VideoUseCases

_BATCH: Final = 100


@final
@dataclass(frozen=True, slots=True)
class EmailVerification:
    """What proves an address, and what a user wants done who has just proven theirs."""

    transactions: Transactions
    queue: JobQueue
    clock: Clock
    limits: RateLimits
    tokens: LinkTokens
    link_lifetime: timedelta
    videos: VideoUseCases

    async def resend(self, viewer: Viewer) -> User:
        """Mail another link to the viewer's address; does nothing where that was verified already.

        :raises RateLimited: where it was asked too often
        """

        async def send(t: Transaction) -> User:
            user = await locked_user(t, viewer)
            if user.email_verified_at is None:
                event = NotificationEvent.VERIFY_EMAIL
                await enqueue_link(t, t.email_verifications, user, event, self.clock, self.link_lifetime)
            return user

        await self.limits.spend(RateLimitKey.VERIFICATION_BY_ACCOUNT, viewer.id)
        user = await self.transactions.write(send)
        await self.queue.deliver_notifications()
        return user

    async def verify(self, token: str) -> User:
        """Take a mailed link's word that the address is its account's owner's, or the one that they want from now on.

        Needs no session: mails are read elsewhere.

        :raises InvalidInput: where the link is not valid, has expired or was used
        :raises EmailAlreadyRegistered: where the address became another account's meanwhile
        """
        link = self.tokens.id_of(token)
        if link is None:
            raise of_no_use()
        user = await self.transactions.write(lambda t: self._verify(t, link))
        await self.queue.deliver_notifications()  # A former address is told.
        return user

    async def has_videos_from_before(self, owner: UserId) -> bool:
        """Return whether a user has videos from before their address was last proven to be theirs.

        Whoever made the account may have been somebody else until then.
        """

        async def look(t: Transaction) -> bool:
            user = await t.users.by_id(owner)
            before, every = None if user is None else _before(user), frozenset(ProcessingStatus)
            return before is not None and bool(await t.videos.page(owner, every, Slice(1, after=before)))

        return await self.transactions.read(look)

    async def remove_videos_from_before(self, viewer: Viewer) -> int:
        """Delete all of them, with their stored files; say how many there were."""
        user = await self.transactions.write(lambda t: locked_user(t, viewer))
        place, removed = _before(user), 0
        while place is not None:
            part = Slice(_BATCH, after=place)
            found = await self.transactions.read(
                lambda t, part=part: t.videos.page(viewer.id, frozenset(ProcessingStatus), part)  # type: ignore[misc]
            )
            for video in found:
                with suppress(VideoNotFound):  # Deleted elsewhere at the same time.
                    await self.videos.delete(viewer, video.id)
            removed += len(found)
            place = PageKey.of(found[-1]) if found else None
        return removed

    async def _verify(self, t: Transaction, link: str) -> User:
        now = self.clock.now()
        moved = await use_change_link(t, link, now)
        if moved is not None:
            return moved
        user = await used_link(t, t.email_verifications, link, self.clock)
        verified = replace(user, email_verified_at=now, updated_at=now)
        await t.users.save(verified)
        return verified


def _before(user: User) -> PageKey | None:
    """Return the place in the list below which all is older than the proof; None where there was none."""
    return None if user.email_verified_at is None else PageKey(user.email_verified_at, "")
