"""Imports: the service fetches a film itself, from a link."""

import hashlib
import json
from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, final

from app.domain.errors import IdempotencyConflict, UploadNotFound
from app.domain.options import ExtractionOptions, asked
from app.domain.session import Viewer
from app.domain.upload_reservation import UploadReservation
from app.domain.video import VideoId, new_video_id, source_key
from app.domain.video_import import VideoImport, checked_import_name, checked_link
from app.usecases.end_import import CANCELED, abort_parts, fail_import
from app.usecases.planned_upload import check_idempotency_key
from app.usecases.ports.clock import Clock
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.live_status import LiveImports, Resync
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.storage import ObjectStorage
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.quota import Quota
from app.usecases.sessions import locked_user

LISTED_AFTER_END: Final = timedelta(days=1)
"""For so long a list still shows what has ended."""
KEPT_AFTER_END: Final = timedelta(days=30)
LISTED: Final = 100
_ITS_END: Final = timedelta(hours=1)
"""So much longer than its import a reservation counts: whoever accepts at the last moment must find it."""


@final
@dataclass(frozen=True, slots=True)
class ImportUseCases:
    """Ask for an import, see how it goes, and cancel it.

    A reservation holds its place in the quota and names its object, as for an upload; its id becomes the processing's.

    :raises UploadNotFound: from each that names one, where the viewer has none
    """

    transactions: Transactions
    storage: ObjectStorage
    queue: JobQueue
    live: LiveImports
    clock: Clock
    quota: Quota
    longest: timedelta
    buckets: Collection[str]
    """Those from which anybody may import."""
    loopback: bool
    """Whether a link may lead to this very machine."""

    async def create(
        self,
        viewer: Viewer,
        link: str,
        options: ExtractionOptions,
        file_name: str | None = None,
        idempotency_key: str | None = None,
    ) -> VideoImport:
        """Promise to try to fetch what is behind a link; once more with the same key, return the same import.

        :raises InvalidInput: for a link, a name or a key that breaks a rule
        :raises UnsupportedFileFormat: for a name that ends like no film
        :raises QuotaExceeded: too many videos unfinished, or too many bytes stored
        :raises ServiceBusy: where too much waits already
        :raises IdempotencyConflict: where the key was used for another import
        """
        check_idempotency_key(idempotency_key)
        url = checked_link(link, self.buckets, loopback=self.loopback)
        name = None if file_name is None else checked_import_name(file_name)
        digest = hashlib.sha256(json.dumps([url, name, asked(options)]).encode()).hexdigest()
        now = self.clock.now()
        new = VideoImport(new_video_id(), viewer.id, url, options, now, now + self.longest, now, name)

        async def step(t: Transaction) -> tuple[VideoImport, bool]:
            await locked_user(t, viewer)
            if idempotency_key is not None:
                known = await t.imports.by_idempotency_key(viewer.id, idempotency_key)
                if known is not None:
                    if known[1] != digest:
                        raise IdempotencyConflict(field=("idempotencyKey",))
                    return known[0], False
            await self.quota.check(t, viewer.id, now)
            await t.reservations.add(
                UploadReservation(new.id, viewer.id, source_key(new.id), None, 0, new.ends_at + _ITS_END)
            )
            await t.imports.add(new, idempotency_key=idempotency_key, request_digest=digest)
            return new, True

        found, is_new = await self.transactions.write(step)
        if is_new:
            await self.live.publish(found)
            await self.queue.fetch_import(found.id, found.owner)
        return found

    async def show(self, viewer: Viewer, which: VideoId) -> VideoImport:
        """Return one of the viewer's; for a month after its end."""
        return await self.transactions.read(lambda t: _owned(t, viewer, which))

    async def list(self, viewer: Viewer) -> Sequence[VideoImport]:
        """Return the viewer's that go on or ended within a day, the newest first."""
        since = self.clock.now() - LISTED_AFTER_END
        return await self.transactions.read(lambda t: t.imports.current(viewer.id, since, LISTED))

    async def cancel(self, viewer: Viewer, which: VideoId) -> VideoImport:
        """Make one fail with the code CANCELED, and remove what came; its worker finds out at its next heartbeat.

        :raises UploadNotFound: also where it has ended
        """

        async def step(t: Transaction) -> tuple[VideoImport, bool]:
            seen = await _owned(t, viewer, which)
            if seen.status.final:
                raise UploadNotFound("This import has ended already.")
            done = await fail_import(t, seen, CANCELED, self.clock.now())
            return await _owned(t, viewer, which), done

        while True:  # Each round that loses its race has seen the row move on.
            canceled, done = await self.transactions.write(step)
            if done:
                break
        await self.live.publish(canceled)
        await self.queue.remove_objects()
        await abort_parts(self.storage, [canceled])
        return canceled

    async def watch(self, viewer: Viewer, which: VideoId) -> AsyncGenerator[VideoImport, None]:
        """Yield an import as it is, and then every change of it; end behind its end.

        What is published is a hint and the row is the truth: it subscribes first and then reads, and reads again
        whenever something may have been missed. A database out of reach is waited for.
        """
        shown = -1
        async with self.live.watch(viewer.id) as feed:
            async for event in feed:
                if isinstance(event, Resync):
                    try:
                        found = await self.show(viewer, which)
                    except DatabaseUnavailable:
                        continue
                elif event.id == which:
                    found = event
                else:
                    continue
                if found.version > shown:
                    shown = found.version
                    yield found
                    if found.status.final:
                        return


async def _owned(t: Transaction, viewer: Viewer, which: VideoId) -> VideoImport:
    found = await t.imports.get(which)
    if found is None or found.owner != viewer.id:
        raise UploadNotFound("This import does not exist.")
    return found
