"""How steps reach the record."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from app.usecases.ports.api_keys import ApiKeys
from app.usecases.ports.audit import AuditLog
from app.usecases.ports.batches import Batches
from app.usecases.ports.email_changes import EmailChanges
from app.usecases.ports.events import Events
from app.usecases.ports.frame_selections import FrameSelections
from app.usecases.ports.frames_exports import FramesExports
from app.usecases.ports.imports import Imports
from app.usecases.ports.jobs import Jobs
from app.usecases.ports.mailed_links import MailedLinks
from app.usecases.ports.notifications import Notifications
from app.usecases.ports.pauses import Pauses
from app.usecases.ports.presets import Presets
from app.usecases.ports.removals import Removals
from app.usecases.ports.sessions import Sessions
from app.usecases.ports.staged_uploads import StagedUploads
from app.usecases.ports.upload_reservations import UploadReservations
from app.usecases.ports.users import Users
from app.usecases.ports.videos import Videos

T = TypeVar("T")


class Transaction(Protocol):
    """One short transaction: leaving it commits, an exception rolls back, nobody calls commit."""

    users: Users
    sessions: Sessions
    api_keys: ApiKeys
    password_resets: MailedLinks
    email_verifications: MailedLinks
    email_changes: EmailChanges
    videos: Videos
    jobs: Jobs
    pauses: Pauses
    audit: AuditLog
    reservations: UploadReservations
    staged_uploads: StagedUploads
    imports: Imports
    presets: Presets
    batches: Batches
    selections: FrameSelections
    exports: FramesExports
    events: Events
    removals: Removals
    notifications: Notifications


class Transactions(Protocol):
    """The one place that runs steps against the database. No step does I/O of another kind."""

    async def read(self, step: Callable[[Transaction], Awaitable[T]]) -> T: ...
    async def write(self, step: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run a writing step, and run it again on a deadlock, a lock timeout or SQLITE_BUSY: a step must bear that."""
