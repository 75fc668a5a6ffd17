"""The viewer's own account."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, final
from uuid import uuid4

from app.domain.errors import StorageError, Unauthenticated
from app.domain.session import SessionId, Viewer
from app.domain.staged_upload import StagedUpload
from app.domain.user import Locale, User, checked_name
from app.domain.video import result_prefix
from app.domain.video_import import VideoImport
from app.usecases.api_keys import revoke_all
from app.usecases.data_export import DataExport, export_of, export_prefix
from app.usecases.end_import import abort_parts
from app.usecases.passwords import PasswordUseCases
from app.usecases.ports.clock import Clock
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.rate_limits import RateLimitKey, RateLimits
from app.usecases.ports.storage import ObjectStorage
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.sessions import locked_user, other_sessions
from app.usecases.videos import SECOND_REMOVAL

_EXPORT_LIFETIME: Final = timedelta(days=1)


@final
@dataclass(frozen=True, slots=True)
class AccountUseCases:
    """What a user wants done with their account."""

    transactions: Transactions
    storage: ObjectStorage
    queue: JobQueue
    passwords: PasswordUseCases
    clock: Clock
    limits: RateLimits

    async def show(self, viewer: Viewer) -> User:
        """Return the account of who asks.

        :raises Unauthenticated: where it was deleted since the token was issued
        """
        user = await self.transactions.read(lambda t: t.users.by_id(viewer.id))
        if user is None:
            raise Unauthenticated
        return user

    async def update(self, viewer: Viewer, name: str | None, locale: Locale | None) -> User:
        """Change the viewer's name or language; None leaves it as it is.

        :raises InvalidInput: for a name that breaks a rule
        """
        checked = None if name is None else checked_name(name)

        async def update(t: Transaction) -> User:
            user, now = await locked_user(t, viewer), self.clock.now()
            changed = replace(user, name=checked or user.name, locale=locale or user.locale, updated_at=now)
            await t.users.save(changed)
            return changed

        return await self.transactions.write(update)

    async def export(self, viewer: Viewer) -> DataExport:
        """Write all that is kept of the viewer into a JSON file; it is removed after a day.

        :raises RateLimited: where it was asked for too often
        :raises StorageError: where the storage is away
        """
        await self.limits.spend(RateLimitKey.EXPORT_BY_ACCOUNT, viewer.id)
        user, now = await self.transactions.read(lambda t: locked_user(t, viewer)), self.clock.now()
        key, size = f"{export_prefix(user.id)}{uuid4()}.json", 0
        await self.transactions.write(lambda t: t.removals.add(key, is_prefix=False, at=now + _EXPORT_LIFETIME))
        async with self.storage.writer(key, "application/json") as writer:
            async for piece in export_of(self.transactions, user, now):
                await writer.write(piece)
                size += len(piece)
        return DataExport(key, size, f"fiapx-{now:%Y-%m-%d}.json")

    async def delete(self, viewer: Viewer, password: str) -> None:
        """Remove the viewer for good: rows, sessions, keys, and all objects.

        The objects are only written down for removal here, now and once more when whoever still writes one has long
        noticed: a worker at its next heartbeat, an upload when it wants to be accepted.

        :raises InvalidCredentials: where the password is wrong
        :raises RateLimited: where it was tried too often
        """
        await self.passwords.check(viewer, password, field="password")
        ended, staged, imports = await self.transactions.write(lambda t: self._delete(t, viewer))
        await self.passwords.sessions.ended.announce(ended)
        await self.queue.remove_objects()
        with suppress(StorageError):  # Housekeeping aborts what is left, after a day.
            for upload in staged:
                await self.storage.abort_parts(upload.source_key, upload.storage_upload_id)
        await abort_parts(self.storage, imports)

    async def _delete(
        self, t: Transaction, viewer: Viewer
    ) -> tuple[list[SessionId], Sequence[StagedUpload], Sequence[VideoImport]]:
        user, now = await locked_user(t, viewer), self.clock.now()
        ended = [*await other_sessions(t, user.id, but=viewer.session), viewer.session, *await revoke_all(t, user.id)]
        await t.sessions.end(ended, now)
        videos, reservations = await t.videos.sources(user.id), await t.reservations.of(user.id)
        staged, imports = await t.staged_uploads.of(user.id), await t.imports.unfinished(user.id)
        sources = {source for _, source in videos} | {reservation.source_key for reservation in reservations}
        prefixes = [*(result_prefix(video) for video, _ in videos), export_prefix(user.id)]
        for at in (now, now + SECOND_REMOVAL):
            await t.removals.add(*sources, is_prefix=False, at=at)
            await t.removals.add(*prefixes, is_prefix=True, at=at)
        await t.users.remove(user.id)
        return ended, staged, imports
