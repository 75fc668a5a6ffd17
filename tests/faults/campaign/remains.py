"""What a campaign leaves behind: the record, the bucket and the mails, each asked for without the service."""

import email
import hashlib
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from email import policy
from typing import Final

from sqlalchemy import func, select

from app.domain.events import EventType
from app.domain.notification import DeliveryStatus
from app.infra.s3.client import s3_client
from app.infra.s3.storage import S3Storage
from app.infra.sql.clock import DatabaseClock
from app.infra.sql.engine import close_engine, engine_for
from app.infra.sql.tables import domain_events, notifications, removals, users, video_processings
from app.infra.sql.transactions import SqlTransactions
from app.usecases.collect_garbage import CollectGarbage
from tests.faults.campaign.check import Row, Stored
from tests.faults.campaign.deployment import BUCKET, Deployment
from tests.parts.stores import S3Part

_REGION: Final = "us-east-1"
_AT_ONCE: Final = timedelta(0)
"""How old an orphan must be once nothing is under way any more."""


class Remains:
    """Reads the record and the bucket past the lines."""

    def __init__(self, deployment: Deployment) -> None:
        part = deployment.stores["s3"]
        assert isinstance(part, S3Part)
        client = s3_client(part.url, region=_REGION, access_key=part.access_key, secret_key=part.secret_key, threads=8)
        self._storage = S3Storage(client, BUCKET, region=_REGION, threads=8)
        self._engine = engine_for(deployment.database_url)
        self._mails = deployment.mails

    async def close(self) -> None:
        """Let go of the database."""
        await close_engine(self._engine)

    async def nothing_is_due(self) -> bool:
        """Return whether every mail was sent, and every object removed that is to be removed by now."""
        clock = DatabaseClock(self._engine)
        await clock.synchronise()
        async with self._engine.connect() as connection:
            unsent = select(func.count()).where(notifications.c.status == DeliveryStatus.PENDING)
            unremoved = select(func.count()).where(removals.c.wake_at <= clock.now())
            return not (await connection.scalar(unsent) or await connection.scalar(unremoved))

    async def collect_garbage(self) -> int:
        """Do at once what housekeeping does in a day; return how many orphans there were."""
        clock = DatabaseClock(self._engine)
        await clock.synchronise()
        tidy = CollectGarbage(SqlTransactions(self._engine), self._storage, clock, _AT_ONCE, _AT_ONCE, _AT_ONCE)
        return await tidy()

    async def rows(self) -> list[Row]:
        """Return all processings, each with its log."""
        v, logs = video_processings.c, defaultdict[int, list[str]](list)
        async with self._engine.connect() as connection:
            log = select(domain_events.c.video_id, domain_events.c.type).order_by(domain_events.c.id)
            for video, kind in await connection.execute(log):
                if status := EventType(kind).status:
                    logs[video].append(status.value)
            found = await connection.execute(
                select(video_processings, users.c.name.label("owner")).join_from(video_processings, users)
            )
            return [
                Row(
                    id=row[v.public_id],
                    owner=row["owner"],
                    idempotency_key=row[v.idempotency_key],
                    file_name=row[v.original_file_name],
                    status=row[v.status].value,
                    source_key=row[v.source_key],
                    log=tuple(logs[row[v.id]]),
                    failure_code=row[v.failure_code].value if row[v.failure_code] else None,
                    archive_key=row[v.archive_key],
                    archive_bytes=row[v.archive_size_bytes],
                    archive_sha256=row[v.archive_sha256],
                    contact_sheet_key=row[v.archive_contact_sheet_key],
                )
                for row in found.mappings()
            ]

    async def objects(self) -> dict[str, Stored]:
        """Read every object, and open each ZIP."""
        found = {}
        for prefix in ("sources/", "results/"):
            async for one in self._storage.list(prefix):
                data = b"".join([piece async for piece in self._storage.read(one.key)])
                found[one.key] = Stored(len(data), hashlib.sha256(data).hexdigest(), _pictures_in(data))
        return found

    def files_mailed_of(self) -> Iterator[str]:
        """Yield the names of the files that mails tell of."""
        for path in self._mails.glob("**/*.eml"):
            mail = email.message_from_bytes(path.read_bytes(), policy=policy.default)
            text = mail.get_body(("plain",))
            words = f"{mail['subject']} {text.get_content() if text else ''}".replace("\N{WORD JOINER}", "").split()
            yield from {word.strip("\"'“”.,:;()") for word in words if ".mp4" in word}


def _pictures_in(data: bytes) -> int | None:
    """Count the pictures of a ZIP whose every entry is whole; None of anything else."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            whole = archive.testzip() is None
            return sum(name.endswith(".jpg") for name in archive.namelist()) if whole else None
    except zipfile.BadZipFile:
        return None
