"""The one place that runs steps against the database."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Final, TypeVar, final

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.domain.backoff import Backoff
from app.infra.sql.api_keys import SqlApiKeys
from app.infra.sql.audit import SqlAuditLog
from app.infra.sql.batches import SqlBatches
from app.infra.sql.email_changes import SqlEmailChanges
from app.infra.sql.engine import WRITES
from app.infra.sql.errors import lost_to_another, out_of_reach, unavailable
from app.infra.sql.events import SqlEvents
from app.infra.sql.frame_selections import SqlFrameSelections
from app.infra.sql.frames_exports import SqlFramesExports
from app.infra.sql.imports import SqlImports
from app.infra.sql.jobs import SqlJobs
from app.infra.sql.mailed_links import SqlMailedLinks
from app.infra.sql.notifications import SqlNotifications
from app.infra.sql.pauses import SqlPauses
from app.infra.sql.presets import SqlPresets
from app.infra.sql.removals import SqlRemovals
from app.infra.sql.sessions import SqlSessions
from app.infra.sql.staged_uploads import SqlStagedUploads
from app.infra.sql.tables import email_verifications, password_resets
from app.infra.sql.upload_reservations import SqlUploadReservations
from app.infra.sql.users import SqlUsers
from app.infra.sql.videos import SqlVideos
from app.usecases.ports.transactions import Transaction

T = TypeVar("T")

_LONGEST_SECONDS: Final = 10.0
"""Seconds from a step's start after which it is not tried again."""
_BACKOFF: Final = Backoff(first=0.01, longest=0.5)


@final
class SqlTransaction(Transaction):
    """The tables as one transaction sees them."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.users = SqlUsers(connection)
        self.sessions = SqlSessions(connection)
        self.api_keys = SqlApiKeys(connection)
        self.password_resets = SqlMailedLinks(connection, password_resets)
        self.email_verifications = SqlMailedLinks(connection, email_verifications)
        self.email_changes = SqlEmailChanges(connection)
        self.videos = SqlVideos(connection)
        self.jobs = SqlJobs(connection)
        self.pauses = SqlPauses(connection)
        self.audit = SqlAuditLog(connection)
        self.reservations = SqlUploadReservations(connection)
        self.staged_uploads = SqlStagedUploads(connection)
        self.imports = SqlImports(connection)
        self.presets = SqlPresets(connection)
        self.batches = SqlBatches(connection)
        self.selections = SqlFrameSelections(connection)
        self.exports = SqlFramesExports(connection)
        self.events = SqlEvents(connection)
        self.removals = SqlRemovals(connection)
        self.notifications = SqlNotifications(connection)


@final
class SqlTransactions:
    """Runs each step in a transaction of its own, again where it lost a conflict, until its patience ends.

    Trouble with the database is a ``DatabaseUnavailable``; what the step itself raises passes. An error of COMMIT is
    never answered by running the step again, since it may have been committed: the callers read the row.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        # SQLite has one writer at a time and polls for its turn; writers of one process wait in order instead.
        self._turn: AbstractAsyncContextManager[object] = (
            asyncio.Lock() if engine.dialect.name == "sqlite" else nullcontext()
        )

    async def read(self, step: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run a step that changes nothing."""
        return await self._run(lambda: self._read_once(step))

    async def write(self, step: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run a step and commit it; an exception rolls back."""
        return await self._run(lambda: self._write_once(step))

    async def _run(self, once: Callable[[], Awaitable[T]]) -> T:
        now = asyncio.get_running_loop().time
        deadline, lost = now() + _LONGEST_SECONDS, 0
        while True:
            try:
                return await once()
            except Exception as error:
                if not lost_to_another(error) or now() >= deadline:
                    if lost_to_another(error) or out_of_reach(error):
                        raise unavailable(error) from error
                    raise
            await asyncio.sleep(random.uniform(0, _BACKOFF.seconds(lost)))  # noqa: S311 - jitter needs no secrecy
            lost += 1

    async def _read_once(self, step: Callable[[Transaction], Awaitable[T]]) -> T:
        async with self._engine.connect() as connection:
            return await step(SqlTransaction(connection))

    async def _write_once(self, step: Callable[[Transaction], Awaitable[T]]) -> T:
        async with self._turn, self._engine.connect() as connection:
            await connection.execution_options(**{WRITES: True})
            transaction = await connection.begin()
            result = await step(SqlTransaction(connection))  # An error leaves the block, and that rolls back.
            try:
                await transaction.commit()
            except Exception as error:
                raise unavailable(error, "the outcome of a commit is unknown: ") from error
            return result
