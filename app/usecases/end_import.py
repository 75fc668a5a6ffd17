"""How an import ends without a file, and what goes then."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from app.domain.errors import StorageError
from app.domain.failure import ImportFailure, ImportFailureCode
from app.domain.video import source_key
from app.domain.video_import import ImportStatus, VideoImport
from app.usecases.enqueue_notification import import_failure_message, notify_owner
from app.usecases.ports.storage import ObjectStorage
from app.usecases.ports.transactions import Transaction
from app.usecases.videos import SECOND_REMOVAL

_ANY_CLOCK: Final = timedelta(days=1)
"""So much later the storage's own clock may be."""
CANCELED: Final = ImportFailure.of(ImportFailureCode.CANCELED)


async def fail_import(t: Transaction, seen: VideoImport, failure: ImportFailure, at: datetime) -> bool:
    """End an import, if it still is as it was seen; its place in the quota is free, and its object is to go.

    Of the link no more is kept than may be shown. Its owner is to be told, but who cancels knows already.
    """
    failed = replace(seen, status=ImportStatus.FAILED, failure=failure, ended_at=at, wake_at=at, url=seen.shown_url)
    if not await t.imports.change(seen, failed):
        return False
    await t.reservations.remove(seen.id)
    for when in (at, at + SECOND_REMOVAL):  # Whoever completes it at this moment may be later than we are.
        await t.removals.add(source_key(seen.id), is_prefix=False, at=when)
    owner = await t.users.by_id(seen.owner)
    if owner is not None and failure != CANCELED:
        await notify_owner(t, owner, import_failure_message(seen, failure, at), by_mail=owner.email_on_failure)
    return True


async def abort_parts(storage: ObjectStorage, ended: Collection[VideoImport]) -> None:
    """Abort what is known to have been begun; what the storage does not hear of now, housekeeping aborts after a day.

    The API may not look for more, as a worker that ends does: see ``leave_no_parts``.
    """
    with suppress(StorageError):
        for one in ended:
            if one.storage_upload_id is not None:
                await storage.abort_parts(source_key(one.id), one.storage_upload_id)


async def leave_no_parts(storage: ObjectStorage, ended: VideoImport, now: datetime) -> None:
    """Abort all that was ever begun for an import, by workers that died before they wrote that down, too."""
    with suppress(StorageError):
        await storage.abort_writes(source_key(ended.id), now + _ANY_CLOCK)
