"""Export all that is kept of a user."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from app.domain.api_key import ApiKey
from app.domain.batch import Batch
from app.domain.notification import Notification
from app.domain.preset import Preset
from app.domain.session import StoredSession
from app.domain.times import iso8601
from app.domain.user import User, UserId
from app.domain.video import ProcessingStatus, VideoProcessing
from app.domain.video_import import VideoImport
from app.usecases.imports import KEPT_AFTER_END
from app.usecases.paging import PageKey, Slice
from app.usecases.ports.transactions import Transactions

_PAGE: Final = 500
_IMPORTS: Final = 10_000
"""Of a month, after which they are forgotten."""
Entry = TypeVar("Entry", VideoProcessing, Notification, Batch)


def export_prefix(user: UserId) -> str:
    """Name where a user's exports lie."""
    return f"exports/{user}/"


@dataclass(frozen=True, slots=True)
class DataExport:
    """A JSON file in the storage, and how large it is."""

    key: str
    size_bytes: int
    file_name: str


async def export_of(transactions: Transactions, user: User, now: datetime) -> AsyncIterator[bytes]:
    """Yield the export in pieces, read page by page, so that neither memory nor one transaction depends on its size."""
    wanted = await transactions.read(lambda t: t.email_changes.wanted(user.id))
    profile = _profile(user) | {"pendingEmail": None if wanted is None else wanted.email}
    head = json.dumps({"exportedAt": iso8601(now), "profile": profile}, ensure_ascii=False)
    yield head[:-1].encode()
    every, read = frozenset(ProcessingStatus), transactions.read
    sessions = [_session(one) for one in await read(lambda t: t.sessions.records_of(user.id, _PAGE))]
    yield f', "sessions": {json.dumps(sessions, ensure_ascii=False)}'.encode()
    keys = [_key(key) for key in await read(lambda t: t.api_keys.of(user.id))]
    yield f', "apiKeys": {json.dumps(keys, ensure_ascii=False)}'.encode()
    presets = [_preset(preset) for preset in await read(lambda t: t.presets.of(user.id))]
    yield f', "presets": {json.dumps(presets, ensure_ascii=False)}'.encode()
    imports = [_import(one) for one in await read(lambda t: t.imports.current(user.id, now - KEPT_AFTER_END, _IMPORTS))]
    yield f', "imports": {json.dumps(imports, ensure_ascii=False)}'.encode()
    yield b', "batches": ['
    async for piece in _all(lambda part: read(lambda t: t.batches.page(user.id, part)), _batch):
        yield piece
    yield b'], "videoProcessings": ['
    async for piece in _all(lambda part: read(lambda t: t.videos.page(user.id, every, part)), _video):
        yield piece
    yield b'], "notifications": ['
    async for piece in _all(lambda part: read(lambda t: t.notifications.page(user.id, part)), _notification):
        yield piece
    yield b"]}"


async def _all(
    read: Callable[[Slice], Awaitable[Sequence[Entry]]], shown: Callable[[Entry], dict[str, Any]]
) -> AsyncIterator[bytes]:
    """Write the entries of a list's pages, with commas between them."""
    place: PageKey | None = None
    while page := await read(Slice(_PAGE, after=place)):
        entries = ",\n".join(json.dumps(shown(entry), ensure_ascii=False) for entry in page)
        yield f"{',' if place else ''}\n{entries}".encode()
        if len(page) < _PAGE:
            return
        place = PageKey.of(page[-1])


def _profile(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "emailVerifiedAt": user.email_verified_at and iso8601(user.email_verified_at),
        "locale": user.locale.value,
        "createdAt": iso8601(user.created_at),
        "notifications": {
            "emailOnFailure": user.email_on_failure,
            "emailOnCompletion": user.email_on_completion,
            "webhookUrl": user.webhook_url,
        },
    }


def _session(session: StoredSession) -> dict[str, Any]:
    return {
        "beganAt": session.began_at and iso8601(session.began_at),
        "refreshedAt": session.rotated_at and iso8601(session.rotated_at),
        "expiresAt": iso8601(session.expires_at),
        "agent": session.agent,
    }


def _key(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "ending": key.ending,
        "createdAt": iso8601(key.created_at),
        "expiresAt": key.expires_at and iso8601(key.expires_at),
        "lastUsedAt": key.last_used_at and iso8601(key.last_used_at),
    }


def _preset(preset: Preset) -> dict[str, Any]:
    return {
        "id": preset.id,
        "name": preset.name,
        "options": asdict(preset.options),
        "createdAt": iso8601(preset.created_at),
        "updatedAt": iso8601(preset.updated_at),
    }


def _batch(batch: Batch) -> dict[str, Any]:
    return {
        "id": batch.id,
        "name": batch.name,
        "options": None if batch.options is None else asdict(batch.options),
        "createdAt": iso8601(batch.created_at),
    }


def _import(found: VideoImport) -> dict[str, Any]:
    failure = found.failure
    return {
        "id": found.id,
        "url": found.shown_url,
        "originalFileName": found.file_name,
        "status": found.status.value,
        "failure": None if failure is None else {"code": failure.code.value, "reason": failure.reason},
        "createdAt": iso8601(found.created_at),
        "endedAt": found.ended_at and iso8601(found.ended_at),
    }


def _video(video: VideoProcessing) -> dict[str, Any]:
    failure, archive = video.failure, video.archive
    return {
        "id": video.id,
        "originalFileName": video.original_file_name,
        "sizeBytes": video.size_bytes,
        "status": video.status.value,
        "options": asdict(video.options),
        "media": None if video.media is None else asdict(video.media),
        "failure": None if failure is None else {"code": failure.code.value, "reason": failure.reason},
        "result": None if archive is None else {"frameCount": archive.frame_count, "sizeBytes": archive.size_bytes},
        "createdAt": iso8601(video.created_at),
        "startedAt": video.started_at and iso8601(video.started_at),
        "completedAt": video.completed_at and iso8601(video.completed_at),
        "expiredAt": video.expired_at and iso8601(video.expired_at),
    }


def _notification(notification: Notification) -> dict[str, Any]:
    return {
        "id": notification.id,
        "event": notification.event,
        "channel": notification.channel.value,
        "status": notification.status.value,
        "data": dict(notification.data),
        "createdAt": iso8601(notification.created_at),
        "deliveredAt": notification.delivered_at and iso8601(notification.delivered_at),
    }
