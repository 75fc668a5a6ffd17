"""The record: the brief's two tables with columns of ours beside them, and tables of ours.

The integer ids never leave the database; the world sees ``public_id``. ``wake_at`` and the like are integer
milliseconds, the brief's times are TIMESTAMP(3). A unique index takes several NULLs on all three databases.
"""

from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Constraint,
    Double,
    Enum,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from app.domain.events import EventType
from app.domain.failure import FailureCode, ImportFailureCode
from app.domain.frames_export import ExportKind, ExportStatus
from app.domain.notification import DeliveryStatus, NotificationChannel
from app.domain.search import FOLDED_MAX
from app.domain.user import Locale, Role
from app.domain.video import ProcessingStatus
from app.domain.video_import import ImportStatus
from app.infra.sql.types import Instant, Milliseconds, Sha256, Timestamp, Traceparent, Uuid

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)


def _values(members: type[StrEnum]) -> list[str]:
    return [member.value for member in members]


def _one_of(members: type[StrEnum], length: int) -> Enum:
    """Return a text that the domain's enum says all about: of a database without its newest member nothing is asked."""
    return Enum(members, values_callable=_values, native_enum=False, create_constraint=False, length=length)


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True, autoincrement=True)


def _owner(*, index: bool = False) -> Column[int]:
    return Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=index)


def _table(name: str, *items: Column[Any] | Constraint | Index) -> Table:
    """Return a table whose texts are compared by their characters: MySQL's own default folds case and accents.

    AUTOINCREMENT keeps SQLite from giving a deleted row's id to another row, to which a late DELETE would then apply.
    """
    mysql = {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}
    options: dict[str, Any] = {
        f"{server}_{option}": value for server in ("mysql", "mariadb") for option, value in mysql.items()
    }
    return Table(name, metadata, *items, sqlite_autoincrement=True, **options)


def _mailed_links(name: str) -> Table:
    return _table(
        name,
        Column("id", Uuid, primary_key=True),
        _owner(index=True),
        Column("lapses_at", Instant, key="expires_at", nullable=False, index=True),
    )


users: Final = _table(
    "users",
    _id(),
    Column("name", String(255), nullable=False),
    Column("email", String(255), nullable=False, unique=True),
    Column("password_hash", String(255), nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("updated_at", Timestamp, nullable=False),
    Column("public_id", Uuid, nullable=False, unique=True),
    Column("locale", _one_of(Locale, 16), nullable=False),
    Column("email_on_failure", Boolean, nullable=False),
    Column("email_on_completion", Boolean, nullable=False),
    # One webhook a user; the keys must be readable, since every post is signed with them.
    Column("webhook_url", String(2048)),
    Column("webhook_secret", String(255)),
    Column("webhook_former_secrets", Text),
    Column("email_verified_at", Timestamp),
    # None is a user: a former version says nothing of roles.
    Column("role", _one_of(Role, 16)),
    Column("disabled_at", Timestamp),
    Column("max_active_videos", Integer),
    Column("max_stored_bytes", BigInteger),
)

sessions: Final = _table(
    "sessions",
    Column("id", Uuid, primary_key=True),
    _owner(index=True),
    Column("refresh_digest", Sha256, nullable=False),
    Column("rotated_at", Instant),
    Column("began_at", Instant),
    Column("lapses_at", Instant, key="expires_at", nullable=False, index=True),
    Column("agent", String(255)),
)

# Of a session that ended, or whose account is gone, access tokens must be refused until they expire: hence no owner.
ended_sessions: Final = _table(
    "ended_sessions",
    Column("id", Uuid, primary_key=True),
    Column("ended_at", Instant, nullable=False, index=True),
)

# Keys for programs. A revoked one is gone; what it had open ends by the id of its session.
api_keys: Final = _table(
    "api_keys",
    Column("id", Uuid, primary_key=True),
    _owner(index=True),
    Column("name", String(100), nullable=False),
    Column("scopes", String(255), nullable=False),
    Column("secret_sha256", Sha256, nullable=False, unique=True),
    Column("ending", String(4), nullable=False),
    Column("session_id", Uuid, key="session", nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, index=True),
    Column("last_used_at", Instant),
)

password_resets: Final = _mailed_links("password_resets")
email_verifications: Final = _mailed_links("email_verifications")

email_changes: Final = _table(
    "email_changes",
    Column("id", Uuid, primary_key=True),
    _owner(index=True),
    Column("email", String(255), nullable=False),
    Column("lapses_at", Instant, key="expires_at", nullable=False, index=True),
    Column("leads_back", Boolean, nullable=False),
)

video_processings: Final = _table(
    "video_processings",
    _id(),
    _owner(),
    Column("original_file_name", String(255), nullable=False),
    Column(
        "status",
        Enum(ProcessingStatus, name="status", values_callable=_values, create_constraint=True),
        nullable=False,
    ),
    Column("s3_input_path", String(2048), key="source_key", nullable=False),
    Column("s3_output_path", String(2048), key="archive_key"),
    Column("failure_reason", Text),
    Column("created_at", Timestamp, nullable=False),
    Column("completed_at", Timestamp),
    Column("public_id", Uuid, nullable=False, unique=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("options", Text, nullable=False),
    # The fencing token, and what surrounds it.
    Column("attempt", Integer, nullable=False),
    Column("lost_attempts", Integer, nullable=False),
    Column("released", Boolean, nullable=False),
    Column("faults", Integer, key="transient_failures", nullable=False),
    Column("broken_by", String(255)),
    Column("wake_at", Milliseconds, nullable=False),
    Column("sweeps", Integer, nullable=False),
    Column("sweep_delay", Milliseconds, nullable=False),
    Column("version", BigInteger, nullable=False),
    # What is known of the work.
    Column("started_at", Timestamp),
    Column("progress_percent", Double, nullable=False),
    Column("frames_extracted", Integer, key="progress_frames_extracted", nullable=False),
    Column("frames_expected", Integer, key="progress_frames_expected"),
    Column("media_duration_seconds", Double),
    Column("media_width", Integer),
    Column("media_height", Integer),
    Column("media_codec", String(255)),
    Column("media_frames_per_second", Double),
    Column("failure_code", _one_of(FailureCode, 32)),
    Column("archive_bytes", BigInteger, key="archive_size_bytes"),
    Column("archive_sha256", Sha256),
    Column("frame_count", Integer, key="archive_frame_count"),
    Column("contact_sheet_path", String(2048), key="archive_contact_sheet_key"),
    # An index cannot hold 2048 characters, but it can hold their hash.
    Column("source_hash", Sha256, nullable=False, index=True),
    Column("idempotency_key", String(255)),
    Column("request_digest", String(64), nullable=False),
    Column("traceparent", Traceparent),
    # Since when the files are no longer kept.
    Column("expired_at", Timestamp),
    Column("storyboard", Text),
    # The file's name as it is searched and sorted; a row that a process of a former version wrote has none.
    Column("folded_name", String(FOLDED_MAX)),
    UniqueConstraint("user_id", "idempotency_key"),
    Index(None, "status", "wake_at"),
    Index(None, "expired_at", "completed_at"),
    Index(None, "user_id", "created_at", "public_id"),
    Index(None, "created_at", "public_id"),
)

# Of this owner's videos no attempt begins, or, where there is no owner, of nobody's.
pauses: Final = _table(
    "pauses",
    _id(),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), unique=True),
    Column("since", Timestamp, nullable=False),
)

domain_events: Final = _table(
    "domain_events",
    _id(),
    Column("video_id", ForeignKey("video_processings.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("type", _one_of(EventType, 32), nullable=False),
    Column("at", Timestamp, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("said", Text),
)

upload_reservations: Final = _table(
    "intakes",
    Column("id", Uuid, primary_key=True),
    _owner(),
    Column("source_key", String(2048), nullable=False),
    Column("source_hash", Sha256, nullable=False, index=True),
    Column("idempotency_key", String(255)),
    Column("declared_bytes", BigInteger),
    Column("expires_at", Instant, nullable=False, index=True),
    UniqueConstraint("user_id", "idempotency_key"),
)

# What the reservation of the same id does not say of an upload in parts; it goes with that.
staged_uploads: Final = _table(
    "staged_uploads",
    Column("id", Uuid, ForeignKey("intakes.id", ondelete="CASCADE"), primary_key=True),
    Column("file_name", String(255), nullable=False),
    Column("options", Text, nullable=False),
    Column("fingerprint_sha256", Sha256),
    Column("head_sha256", Sha256, nullable=False),
    Column("part_size_bytes", BigInteger, nullable=False),
    Column("storage_upload_id", String(2048), nullable=False),
    # Which batch its processing is to join; one that is deleted meanwhile is not found when that is so far.
    Column("batch_id", Uuid, key="batch"),
)

presets: Final = _table(
    "presets",
    Column("id", Uuid, primary_key=True),
    _owner(),
    Column("name", String(100), nullable=False),
    Column("options", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("user_id", "name"),
)

batches: Final = _table(
    "batches",
    Column("id", Uuid, primary_key=True),
    _owner(),
    Column("name", String(100), nullable=False),
    Column("options", Text),
    Column("created_at", Timestamp, nullable=False),
    # Since when it is being deleted.
    Column("closed_at", Timestamp),
    UniqueConstraint("user_id", "name"),
    Index(None, "user_id", "created_at", "id"),
)

# A table of its own, so that a former version's processes add and remove videos as ever.
batch_videos: Final = _table(
    "batch_videos",
    Column("video_id", ForeignKey("video_processings.id", ondelete="CASCADE"), primary_key=True),
    Column("batch_id", ForeignKey("batches.id", ondelete="CASCADE"), nullable=False, index=True),
)

# Files that are fetched from links. A row stays a while after its import has ended, so that its end can be seen.
imports: Final = _table(
    "imports",
    Column("id", Uuid, primary_key=True),
    _owner(),
    Column("url", String(2048), nullable=False),
    Column("options", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("wake_at", Instant, nullable=False),
    Column("file_name", String(255)),
    Column("status", _one_of(ImportStatus, 16), nullable=False),
    # The fencing token, and what surrounds it.
    Column("attempt", Integer, nullable=False),
    Column("faults", Integer, nullable=False),
    Column("version", BigInteger, nullable=False),
    # What is known of the file, and what came of it.
    Column("fetched_bytes", BigInteger, nullable=False),
    Column("total_bytes", BigInteger),
    Column("validator", String(255)),
    Column("part_size_bytes", BigInteger),
    Column("storage_upload_id", String(2048)),
    Column("ended_at", Instant, index=True),
    Column("failure_code", _one_of(ImportFailureCode, 32)),
    Column("failure_reason", Text),
    Column("idempotency_key", String(255)),
    Column("request_digest", String(64), nullable=False),
    Column("traceparent", Traceparent),
    UniqueConstraint("user_id", "idempotency_key"),
    Index(None, "user_id", "created_at"),
    Index(None, "status", "wake_at"),
)

# What is made of pictures on request; whose it is says the video.
frame_exports: Final = _table(
    "frame_exports",
    Column("id", Uuid, primary_key=True),
    Column("video_id", ForeignKey("video_processings.id", ondelete="CASCADE"), nullable=False),
    Column("kind", _one_of(ExportKind, 32), nullable=False),
    Column("places", Text),
    # Of kind and places, which are too long for an index.
    Column("digest", Sha256, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("wake_at", Instant, nullable=False),
    Column("lapses_at", Instant, key="expires_at", nullable=False, index=True),
    Column("status", _one_of(ExportStatus, 16), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("faults", Integer, nullable=False),
    Column("frame_count", Integer),
    Column("object_key", String(255), index=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("ended_at", Instant),
    Column("failure_code", _one_of(FailureCode, 32)),
    Column("failure_reason", Text),
    Column("traceparent", Traceparent),
    UniqueConstraint("video_id", "digest"),
    Index(None, "status", "wake_at"),
)

# Which pictures a link of a day's life at most leads to; the digest is of the places.
frame_selections: Final = _table(
    "frame_selections",
    _id(),
    Column("video_id", ForeignKey("video_processings.id", ondelete="CASCADE"), nullable=False),
    Column("digest", Sha256, nullable=False),
    Column("places", Text, nullable=False),
    Column("lapses_at", Instant, key="expires_at", nullable=False, index=True),
    UniqueConstraint("video_id", "digest"),
)

removals: Final = _table(
    "removals",
    _id(),
    Column("object_key", String(2048), key="key", nullable=False),
    Column("is_prefix", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("wake_at", Instant, nullable=False, index=True),
)

notifications: Final = _table(
    "notifications",
    Column("id", Uuid, primary_key=True),
    _owner(index=True),
    # Word of a failure is still owed when its video has been deleted, so the row holds all that it says.
    Column("video_id", ForeignKey("video_processings.id", ondelete="SET NULL")),
    Column("channel", _one_of(NotificationChannel, 32), nullable=False),
    Column("event", String(64), nullable=False),
    Column("file_name", String(255), nullable=False),
    Column("failure_code", _one_of(FailureCode, 32)),
    Column("failure_reason", Text),
    Column("status", _one_of(DeliveryStatus, 16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("wake_at", Instant, nullable=False),
    Column("answer", Text),
    Column("created_at", Timestamp, nullable=False),
    Column("delivered_at", Timestamp),
    Column("data", Text),
    Column("tried_since", Timestamp),
    Column("traceparent", Traceparent),
    # The notification whose mail tells of this one, where there were too many to mail each.
    Column("digest_id", Uuid, index=True),
    UniqueConstraint("video_id", "channel", "event"),
    Index(None, "user_id", "created_at", "id"),
    Index(None, "status", "wake_at"),
)

# Whom and what an entry names may be gone long before it, hence no keys of theirs. What a newer version's operators do
# must be legible, hence no enum.
audit_log: Final = _table(
    "audit_log",
    Column("id", Uuid, primary_key=True),
    Column("created_at", Timestamp, nullable=False),
    Column("operator", String(255), nullable=False),
    Column("deed", String(32), nullable=False),
    Column("target_kind", String(16), nullable=False),
    Column("target_id", Uuid, index=True),
    Column("outcome", String(64), nullable=False),
    Column("reason", Text),
    Column("details", Text, nullable=False),
    Index(None, "created_at", "id"),
)

# SQLite's alone, see ``DatabaseClock``: when the machine was started, by the time that its processes share.
clocks: Final = _table(
    "clocks",
    Column("boot_id", String(64), primary_key=True),
    Column("began_ms", Milliseconds, nullable=False),
)
