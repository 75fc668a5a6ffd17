"""All that the use cases need from outside, on one page.

Adapters in ``app/infra`` turn their library's errors into ours at the wall: storage trouble is a ``StorageError``,
a database out of reach is a ``DatabaseUnavailable``, and only what ``app/domain/errors.py`` lists reaches a user.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Protocol, TypeVar

from app.domain.errors import StorageError, StorageFull
from app.domain.events import DomainEvent
from app.domain.failure import Failure
from app.domain.manifest import Reading
from app.domain.notification import DeliveryStatus, Mail, Notification, NotificationChannel
from app.domain.options import ExtractionOptions
from app.domain.session import SessionId
from app.domain.user import Locale, User, UserId
from app.domain.video import (
    FramesArchive,
    MediaInfo,
    ProcessingStatus,
    Progress,
    StatusChange,
    VideoId,
    VideoProcessing,
)
from app.domain.webhook import Webhook, WebhookMessage

T = TypeVar("T")


class DatabaseUnavailable(Exception):
    """The database cannot be reached, or refuses to write, after all tries; the outcome of a commit may be unknown."""

    to_users: ClassVar[type[StorageError]] = StorageError
    """What it is to who knows of no database."""


class DatabaseFull(DatabaseUnavailable):
    """The database has no space left."""

    to_users = StorageFull


# ---------------------------------------------------------------- time


class Clock(Protocol):
    """The database's time, so that all machines agree on when a lease ends."""

    def now(self) -> datetime:
        """Tell the time, in UTC, with milliseconds."""
        ...


# ---------------------------------------------------------------- the record


@dataclass(frozen=True, slots=True)
class Intake:
    """An upload under way: it holds a place in the owner's quota and names the object that may appear."""

    id: VideoId
    owner: UserId
    source_key: str
    idempotency_key: str | None
    declared_bytes: int | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Lease:
    """What a claim has to know of a row: its compare-and-set names every field that can change under it."""

    video: VideoProcessing
    wake_at: datetime
    """Pending: when the sweep looks at it. Processing: when the lease ends, or when a given-back one may be taken."""
    released: bool
    """The last holder gave it back itself, so its end is no lost attempt."""
    lost_attempts: int
    faults: int
    """How often in a row it was given back for a passing fault; the delay grows with it."""


@dataclass(frozen=True, slots=True)
class DueVideo:
    """A row whose time has come: it should be on the queue. ``sweeps`` counts how often it was put there in vain.

    ``traceparent`` says in whose trace it was uploaded (W3C Trace Context).
    """

    id: VideoId
    owner: UserId
    sweeps: int
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much is unfinished; ``leases_run_out`` are Processing rows that nobody holds any more."""

    pending: int
    processing: int
    leases_run_out: int
    oldest_pending: datetime | None


@dataclass(frozen=True, slots=True)
class AcceptedUpload:
    """What an idempotency key was used for: the processing, and the digest of the request that made it."""

    video: VideoProcessing
    request_digest: str


@dataclass(frozen=True, slots=True)
class PageKey:
    """The place of something in its owner's list (keyset pagination, newest first)."""

    created_at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Removal:
    """An object, or all objects under a prefix, that nobody names any more and that must go."""

    id: int
    key: str
    is_prefix: bool
    attempts: int


class Users(Protocol):
    """The table ``users``."""

    async def add(self, user: User) -> None:
        """Insert; raises ``EmailAlreadyRegistered``."""
        ...

    async def by_id(self, user: UserId) -> User | None: ...
    async def by_email(self, email: str) -> User | None:
        """Find by normalised address."""
        ...

    async def lock(self, user: UserId) -> bool:
        """Hold the user's row until the transaction ends; False where there is none. Always the first lock taken."""
        ...

    async def set_password_hash(self, user: UserId, password_hash: str, at: datetime) -> None: ...
    async def set_email_verified(self, user: UserId, at: datetime) -> None: ...
    async def set_profile(self, user: UserId, *, name: str, locale: Locale, at: datetime) -> None: ...
    async def set_mails(self, user: UserId, *, on_failure: bool, on_completion: bool, at: datetime) -> None: ...
    async def webhook(self, user: UserId) -> Webhook | None: ...
    async def set_webhook(self, user: UserId, webhook: Webhook | None, at: datetime) -> None: ...
    async def remove(self, user: UserId) -> bool:
        """Delete the row; the database takes the user's videos, intakes and notifications with it."""
        ...


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A sign-in as it is kept: of its refresh token only the digest. ``rotated_at`` is None until the first refresh.

    ``began_at`` is None where a former version wrote it, until the next refresh.
    """

    id: SessionId
    owner: UserId
    refresh_digest: str
    rotated_at: datetime | None
    lapses_at: datetime
    began_at: datetime | None = None


class Sessions(Protocol):
    """The tables ``sessions`` and, for those that ended before their access tokens lapse, ``ended_sessions``."""

    async def add(self, session: StoredSession) -> None: ...
    async def lock(self, session: SessionId) -> StoredSession | None:
        """Give a session and hold its row until the transaction ends."""
        ...

    async def renew(
        self,
        session: SessionId,
        *,
        refresh_digest: str,
        rotated_at: datetime,
        began_at: datetime,
        lapses_at: datetime,
    ) -> None: ...
    async def of(self, owner: UserId) -> Sequence[SessionId]: ...
    async def end(self, sessions: Collection[SessionId], at: datetime) -> None:
        """Delete what is kept of them and write down that they ended, which also holds where nothing is kept."""
        ...

    async def ended_since(self, since: datetime) -> Mapping[SessionId, datetime]: ...
    async def forget(self, *, lapsed_before: datetime, ended_before: datetime, limit: int) -> None:
        """Delete at most so many of each that nobody can ask for any more."""
        ...


@dataclass(frozen=True, slots=True)
class MailedLink:
    """A link that was mailed; its mail has the same id. Of its token nothing is kept."""

    id: str
    user: UserId
    lapses_at: datetime


class MailedLinks(Protocol):
    """The tables ``password_resets`` and ``email_verifications``."""

    async def add(self, link: MailedLink) -> None: ...
    async def get(self, link: str) -> MailedLink | None: ...
    async def remove_all(self, user: UserId) -> int:
        """Delete all of a user; say how many there were."""
        ...

    async def forget(self, *, lapsed_before: datetime, limit: int) -> None: ...


class Intakes(Protocol):
    """The table ``intakes``: unique by (user, idempotency key) where there is a key."""

    async def add(self, intake: Intake) -> None: ...
    async def by_idempotency_key(self, owner: UserId, key: str) -> Intake | None: ...
    async def count(self, owner: UserId, now: datetime) -> int:
        """Count the owner's intakes that have not expired."""
        ...

    async def declared_bytes(self, owner: UserId | None, now: datetime) -> int:
        """Add up what the owner's uploads under way, or all owners', said that they would be at most."""
        ...

    async def of(self, owner: UserId) -> Sequence[Intake]: ...
    async def extend(self, intake: VideoId, to: datetime) -> bool: ...
    async def remove(self, intake: VideoId) -> bool: ...
    async def expired(self, now: datetime, limit: int) -> Sequence[Intake]: ...
    async def known_keys(self, keys: Collection[str]) -> set[str]:
        """Tell which of these object keys an intake names."""
        ...


class Videos(Protocol):
    """The table ``video_processings``. Each change of state is one UPDATE with the old state in its WHERE.

    Every method that returns bool says whether the one row was changed: False means that somebody else was first.
    """

    async def add(
        self, video: VideoProcessing, *, idempotency_key: str | None, request_digest: str, wake_at: datetime
    ) -> None: ...
    async def get(self, video: VideoId) -> VideoProcessing | None: ...
    async def lease(self, video: VideoId) -> Lease | None: ...
    async def by_idempotency_key(self, owner: UserId, key: str) -> AcceptedUpload | None: ...
    async def count_unfinished(self, owner: UserId) -> int: ...
    async def count(self, owner: UserId, statuses: Collection[ProcessingStatus]) -> int: ...
    async def stored_bytes(self, owner: UserId | None) -> int:
        """Add up the owner's sources that are kept, each once, and ZIPs; those of all owners for None."""
        ...

    async def page(
        self, owner: UserId, statuses: Collection[ProcessingStatus], after: PageKey | None, limit: int
    ) -> Sequence[VideoProcessing]:
        """Give the owner's processings, newest first (by created_at, then id)."""
        ...

    async def current(self, owner: UserId, ended_since: datetime, limit: int) -> Sequence[VideoProcessing]:
        """Give what has not ended and what ended since: unfinished ones first, then the newest."""
        ...

    async def some(self, owner: UserId, videos: Collection[VideoId]) -> Sequence[VideoProcessing]:
        """Give those of these that exist and are the owner's."""
        ...

    async def claim(self, lease: Lease, *, now: datetime, until: datetime, lost_attempts: int) -> bool:
        """Pending, or Processing with its time over, becomes Processing with the next attempt; progress starts anew."""
        ...

    async def beat(
        self, video: VideoId, attempt: int, *, until: datetime, progress: Progress, media: MediaInfo | None
    ) -> bool: ...
    async def complete(
        self,
        video: VideoId,
        attempt: int,
        *,
        archive: FramesArchive,
        progress: Progress,
        at: datetime,
        media: MediaInfo | None = None,
    ) -> bool:
        """``media`` is what was found in the file, where no beat has stored it yet."""
        ...

    async def fail(
        self,
        video: VideoId,
        attempt: int,
        status: ProcessingStatus,
        *,
        failure: Failure,
        at: datetime,
        expired: bool = False,
    ) -> bool:
        """``status`` and ``attempt`` are those seen; with ``expired`` the lease must also have ended before ``at``."""
        ...

    async def release(self, video: VideoId, attempt: int, *, wake_at: datetime, faults: int) -> bool:
        """The holder gives it back: it stays Processing, may be claimed from ``wake_at`` on, and is not lost."""
        ...

    async def due(self, now: datetime, limit: int) -> Sequence[DueVideo]:
        """Give unfinished rows whose wake_at (plus the delay that earlier sweeps added) has passed, oldest first."""
        ...

    async def backlog(self, now: datetime) -> Backlog: ...
    async def swept(self, videos: Mapping[VideoId, float], now: datetime) -> None:
        """Count one more sweep of each that is still due, and let so many seconds pass before the next."""
        ...

    async def sources(self, owner: UserId) -> Sequence[tuple[VideoId, str]]:
        """Give all the owner's processings, each with the key of its source."""
        ...

    async def to_expire(self, ended_by: datetime, limit: int) -> Sequence[tuple[UserId, VideoId]]:
        """Return those that had ended by then and whose files are kept, the first that ended first."""
        ...

    async def expire(self, video: VideoId, at: datetime) -> bool:
        """Write down that its files are no longer kept, where it has ended and they were."""
        ...

    async def remove(self, video: VideoId) -> bool: ...
    async def names_source(self, source_key: str) -> bool:
        """Return whether a row whose files are kept names it."""
        ...

    async def known_keys(self, keys: Collection[str]) -> set[str]:
        """Tell which of these object keys a row names, as source, archive or contact sheet, or may yet name.

        One whose files are no longer kept names none. An unfinished row may yet name anything under its own
        ``results/{id}/`` prefix.
        """
        ...


class Events(Protocol):
    """The table ``domain_events``."""

    async def add(self, *events: DomainEvent) -> None: ...
    async def history(self, videos: Collection[VideoId]) -> Mapping[VideoId, Sequence[StatusChange]]: ...


class Removals(Protocol):
    """The table ``removals``: objects to delete once the transaction that gave them up is safe."""

    async def add(self, *keys: str, is_prefix: bool, at: datetime) -> None: ...
    async def due(self, now: datetime, limit: int) -> Sequence[Removal]: ...
    async def done(self, removal: int) -> None: ...
    async def postpone(self, removal: int, to: datetime) -> None: ...


class Notifications(Protocol):
    """The table ``notifications``: unique by (video, channel, event); ``attempts`` is a delivery's fencing token."""

    async def add(self, notification: Notification, *, wake_at: datetime) -> None: ...
    async def get(self, owner: UserId, notification: str) -> Notification | None: ...
    async def page(self, owner: UserId, after: PageKey | None, limit: int) -> Sequence[Notification]:
        """Give the owner's, newest first (by created_at, then id)."""
        ...

    async def latest(self, owner: UserId, channel: NotificationChannel, event: str) -> Notification | None: ...
    async def again(self, owner: UserId, notification: str, now: datetime) -> bool:
        """Let its delivery begin anew, however it stands."""
        ...

    async def due(
        self, channel: NotificationChannel, now: datetime, limit: int, *, per_user: int
    ) -> Sequence[Notification]:
        """Give what is due, each user's oldest before any user's second: one user's many delay nobody's one."""
        ...

    async def count_due(self, now: datetime) -> int: ...
    async def claim(self, notification: Notification, *, now: datetime, until: datetime) -> bool: ...
    async def delivered(self, notification: str, attempts: int, *, answer: str, at: datetime) -> bool: ...
    async def postpone(self, notification: str, attempts: int, *, answer: str, to: datetime) -> bool: ...
    async def give_up(self, notification: str, attempts: int, *, answer: str) -> bool: ...
    async def waiting_digest(self, owner: UserId) -> str | None:
        """Give the id of the owner's digest that nobody has begun to send."""
        ...

    async def hold(self, notification: str, attempts: int, *, digest: str, answer: str, until: datetime) -> bool:
        """Leave it to a digest; where that never comes, its delivery begins anew at ``until``."""
        ...

    async def held(self, digest: str) -> Mapping[str, int]:
        """Count what is left to this digest, by event."""
        ...

    async def settle_held(self, digest: str, status: DeliveryStatus, *, answer: str, at: datetime | None) -> None:
        """Write down what became of all that was left to this digest."""
        ...


class Transaction(Protocol):
    """One short transaction: leaving it commits, an exception rolls back, nobody calls commit."""

    users: Users
    sessions: Sessions
    password_resets: MailedLinks
    email_verifications: MailedLinks
    videos: Videos
    intakes: Intakes
    events: Events
    removals: Removals
    notifications: Notifications


class Transactions(Protocol):
    """The one place that runs steps against the database. No step does I/O of another kind."""

    async def read(self, step: Callable[[Transaction], Awaitable[T]]) -> T: ...
    async def write(self, step: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run a writing step, and run it again on a deadlock, a lock timeout or SQLITE_BUSY: a step must bear that."""
        ...


# ---------------------------------------------------------------- objects


class ObjectMissing(Exception):
    """The storage answers, and says that there is no such object."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as the storage lists it."""

    key: str
    size_bytes: int
    modified_at: datetime


class ObjectWriter(Protocol):
    """A new object that grows; it becomes visible as a whole or not at all."""

    @property
    def buffered(self) -> int:
        """How many of its bytes this process has in memory."""
        ...

    async def write(self, data: bytes | memoryview) -> None: ...


class ObjectStorage(Protocol):
    """The bucket. All raise ``StorageError`` for passing faults; no method reads a whole object into memory."""

    def writer(self, key: str, content_type: str) -> AbstractAsyncContextManager[ObjectWriter]:
        """Leaving the block completes the object; an exception aborts it once its parts in flight have ended."""
        ...

    async def download(self, key: str, to: Path) -> None:
        """Raises ``ObjectMissing``; an OSError of the disk passes through."""
        ...

    async def stat(self, key: str) -> StoredObject | None: ...
    def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Bytes start to end (exclusive) in pieces; raises ``ObjectMissing`` at the first."""
        ...

    async def delete(self, keys: Collection[str]) -> None: ...
    def list(self, prefix: str, after: str = "") -> AsyncIterator[StoredObject]:
        """Give the objects whose keys begin so, and come behind ``after``, in the order of their keys."""
        ...

    async def abort_writes(self, prefix: str, older_than: datetime) -> int:
        """Abort unfinished multipart uploads that began before; say how many."""
        ...


class DownloadLinks(Protocol):
    """URLs that authorise themselves for a short time: the storage's own, or tickets that our API honours."""

    def link(self, key: str, *, file_name: str, content_type: str, now: datetime) -> tuple[str, datetime]:
        """Give a URL and when it expires."""
        ...


# ---------------------------------------------------------------- waking others up


class JobQueue(Protocol):
    """Wakes workers. Best effort within a second: False where the queue is away, and the sweep makes good."""

    async def process_video(self, video: VideoId, owner: UserId, traceparent: str | None = None) -> bool:
        """Enqueue, unless it is queued and can really be delivered; True in both cases.

        ``traceparent`` names the trace that it belongs to, where that is not the caller's own.
        """
        ...

    async def deliver_notifications(self) -> bool: ...
    async def remove_objects(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class VideoGone:
    """Word that a processing was deleted."""

    id: VideoId


@dataclass(frozen=True, slots=True)
class Resync:
    """Something may have been missed: read again. Comes first, after each reconnect, and every 15 s or so."""


class LiveStatus(Protocol):
    """Snapshots to whoever watches. A hint, never the record: best effort within a second, never an error."""

    async def publish(self, video: VideoProcessing) -> None: ...
    async def publish_gone(self, owner: UserId, video: VideoId) -> None: ...
    def watch(self, owner: UserId) -> AbstractAsyncContextManager[AsyncIterator[VideoProcessing | VideoGone | Resync]]:
        """Events of one owner from the moment of entering on; a slow reader keeps only the latest of each video.

        The iterator loses nothing where waiting for its next event is cancelled.
        """
        ...


# ---------------------------------------------------------------- frames and ZIP


@dataclass(frozen=True, slots=True)
class Frame:
    """One encoded picture of the plan, whole.

    ``number`` counts the film's pictures in the order of their presentation, from 0. ``time_seconds`` is when it
    comes on the screen and ``until_seconds`` when the next one does, both from the start of the presentation.
    ``instants`` are the times that were asked for and that it stands for, at least one: each is a file of the ZIP.
    Sides are pixels of the encoded picture.
    """

    number: int
    time_seconds: float
    until_seconds: float
    instants: tuple[float, ...]
    width: int
    height: int
    data: bytes


class Extraction(Protocol):
    """One run of the decoder. Iterating raises ``ProcessingError`` where the video is bad, at the latest at its end."""

    def __aiter__(self) -> AsyncIterator[Frame]: ...
    @property
    def progress(self) -> Progress:
        """How far it is now; 100 per cent only once every planned picture has come."""
        ...

    @property
    def contact_sheet(self) -> bytes | None:
        """A JPEG of a few of the planned pictures in one, once iteration has ended."""
        ...

    @property
    def reading(self) -> Reading:
        """How the film was read; final once iteration has ended."""
        ...


class FrameExtractor(Protocol):
    """The decoder."""

    def open(
        self, source: Path, options: ExtractionOptions
    ) -> AbstractAsyncContextManager[tuple[MediaInfo, Extraction]]:
        """Inspect the file, plan its pictures and start to decode them; leaving the block ends every child.

        Raises ``ProcessingError``, also on entering.
        """
        ...


class Workspaces(Protocol):
    """Room on this machine's disk."""

    def directory(self) -> AbstractAsyncContextManager[Path]:
        """Give a new private directory for as long as the block lasts; raises ``OSError``."""
        ...


class ZipEncoder(Protocol):
    """A ZIP as it grows: entries stored, sizes known, nothing to seek back to."""

    def entry(self, name: str, data: bytes, modified_at: datetime) -> Iterator[bytes | memoryview]: ...
    @property
    def offset(self) -> int:
        """Where the next entry will begin; the data of the last one ends there, so it is ``len(data)`` before."""
        ...

    def end(self) -> Iterator[bytes]: ...


# ---------------------------------------------------------------- people


class MailAddresses(Protocol):
    """Which addresses are one and the same; both raise ``InvalidInput`` for what is none."""

    def normal_form(self, text: str) -> str:
        """Give the one form under which an address is unique; refuse what mail would not reach exactly as it is."""
        ...

    def spellings(self, text: str) -> tuple[str, ...]:
        """Give all forms under which its account may be kept, the normal one first, as it was typed last."""
        ...


class PasswordHasher(Protocol):
    """Salted argon2id, off the event loop, in a bounded pool."""

    async def hash(self, password: str) -> str: ...
    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Take the same time for None, an unknown user, as for a wrong password."""
        ...

    def outdated(self, password_hash: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A signed JWT and when it lapses."""

    text: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks, by a token that was verified, in which session and until when."""

    id: UserId
    session: SessionId
    expires_at: datetime


class AccessTokens(Protocol):
    """Signed proofs of a session (RFC 7519), good for an hour."""

    def issue(self, user: UserId, session: SessionId) -> AccessToken: ...
    def verify(self, token: str) -> Viewer:
        """Raises ``Unauthenticated``."""
        ...


class RefreshTokens(Protocol):
    """Secrets that get a session its next access token. Each is good once and names the one that follows it.

    That the same token always has the same successor lets two tabs that refresh at once end up with the same one.
    """

    def first(self, session: SessionId) -> str:
        """Make a session's first, at random."""
        ...

    def successors(self, token: str) -> Sequence[str]:
        """Give the one that follows, which nobody else can tell, then those that a process with another key would give.

        While keys are changed there are such processes beside us.
        """
        ...

    def session_of(self, token: str) -> SessionId | None:
        """Tell whose it would be if it were one; None where it cannot be any."""
        ...

    def is_ours(self, token: str) -> bool:
        """Tell whether one of our keys made it for its session, at whatever time.

        False for those that a former version made, too: those are known by their digest alone.
        """
        ...

    def digest(self, token: str) -> str:
        """Give the only form that is kept, from which no token can be told."""
        ...


class LinkTokens(Protocol):
    """What a mailed link carries: a proof of its id for one purpose, so that nothing usable is kept."""

    def token(self, link: str) -> str: ...
    def id_of(self, token: str) -> str | None:
        """Give None where it is forged or malformed."""
        ...


class EndedSessions(Protocol):
    """Which sessions ended before their access tokens lapse: signed out, or ended with a password or an account.

    Every process knows all of them without asking anybody: told at once while Redis is there, and by reading the
    database again every few seconds.
    """

    def ended(self, session: SessionId) -> bool: ...
    async def wait(self, session: SessionId) -> None:
        """Return once the session has ended; for ever, where it never does. Many may wait at little cost."""
        ...

    async def announce(self, sessions: Collection[SessionId]) -> None:
        """Tell every process, after the commit that ended them. Best effort, never an error."""
        ...


class Attempt(StrEnum):
    """What is counted so that nobody can try it without end."""

    LOGIN_BY_ACCOUNT_AND_ADDRESS = "login-account-address"
    LOGIN_BY_ACCOUNT = "login-account"
    LOGIN_BY_ADDRESS = "login-address"
    REGISTER_BY_ADDRESS = "register-address"
    PASSWORD_BY_SESSION = "password-session"  # noqa: S105 - no secret, but who tries one while signed in.
    RESET_BY_ACCOUNT = "reset-account"
    VERIFICATION_BY_ACCOUNT = "verification-account"
    RESET_BY_ADDRESS = "reset-address"
    DELIVERY_BY_ACCOUNT = "delivery-account"
    MAIL_BY_RECIPIENT = "mail-recipient"
    ACCOUNT_MAIL_BY_RECIPIENT = "account-mail-recipient"
    UNVERIFIED_MAIL_BY_RECIPIENT = "unverified-mail-recipient"
    WEBHOOK_BY_ACCOUNT = "webhook-account"
    WEBHOOK_BY_HOST = "webhook-host"
    REJECTION_BY_ACCOUNT = "rejection-account"
    EXPORT_BY_ACCOUNT = "export-account"


class RateLimits(Protocol):
    """How often something may be tried in a while, counted for all processes together."""

    async def spend(self, attempt: Attempt, key: str) -> None:
        """Count one try by this account or network address; raises ``RateLimited`` where it is one too many.

        Where the counter is away each process counts for itself: a limit that fails shut would lock everybody out.
        """
        ...

    async def check(self, attempt: Attempt, key: str) -> None:
        """Raise ``RateLimited`` as ``spend`` would now, and count nothing."""
        ...

    async def forgive(self, attempt: Attempt, key: str) -> None:
        """Forget the tries of this account or network address."""
        ...


class Mailer(Protocol):
    """Sends e-mail."""

    async def send(self, mail: Mail) -> str:
        """Give the server's answer; raises ``NotificationError`` with what it said."""
        ...


class WebhookSender(Protocol):
    """Posts to users' webhooks, and to nothing that is not open to the whole internet."""

    async def send(self, message: WebhookMessage) -> str:
        """Give the receiver's answer; raises ``NotificationError`` with what is wrong, ``WebhookGone`` for a 410."""
        ...
