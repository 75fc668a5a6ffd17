"""Delete an account with all that belongs to it."""

from dataclasses import dataclass
from typing import final

from app.domain.session import SessionId, Viewer
from app.domain.video import result_prefix
from app.usecases.change_password import check_password
from app.usecases.delete_video import SECOND_REMOVAL
from app.usecases.export_my_data import export_prefix
from app.usecases.open_session import locked_user, other_sessions
from app.usecases.ports.clock import Clock
from app.usecases.ports.ended_sessions import EndedSessions
from app.usecases.ports.passwords import PasswordHasher
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.rate_limits import RateLimits
from app.usecases.ports.transactions import Transaction, Transactions


@final
@dataclass(frozen=True, slots=True)
class DeleteAccount:
    """Remove the viewer for good: rows, sessions, and all objects.

    The objects are only written down for removal here, now and once more when whoever still writes one has long
    noticed: a worker at its next heartbeat, an upload when it wants to be accepted.

    :raises InvalidCredentials: where the password is wrong
    :raises RateLimited: where it was tried too often
    """

    transactions: Transactions
    passwords: PasswordHasher
    queue: JobQueue
    ended: EndedSessions
    clock: Clock
    limits: RateLimits

    async def __call__(self, viewer: Viewer, password: str) -> None:
        known = await self.transactions.read(lambda t: locked_user(t, viewer))
        await check_password(self.passwords, self.limits, viewer.session, password, known, field="password")
        ended = await self.transactions.write(lambda t: self._delete(t, viewer))
        await self.ended.announce(ended)
        await self.queue.remove_objects()

    async def _delete(self, t: Transaction, viewer: Viewer) -> list[SessionId]:
        user, now = await locked_user(t, viewer), self.clock.now()
        ended = [*await other_sessions(t, user.id, but=viewer.session), viewer.session]
        await t.sessions.end(ended, now)
        videos, reservations = await t.videos.sources(user.id), await t.reservations.of(user.id)
        sources = {source for _, source in videos} | {reservation.source_key for reservation in reservations}
        prefixes = [*(result_prefix(video) for video, _ in videos), export_prefix(user.id)]
        for at in (now, now + SECOND_REMOVAL):
            await t.removals.add(*sources, is_prefix=False, at=at)
            await t.removals.add(*prefixes, is_prefix=True, at=at)
        await t.users.remove(user.id)
        return ended
