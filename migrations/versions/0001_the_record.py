"""The record: users, processings, and what keeps them honest.

MySQL commits each statement of DDL on its own, so a process that dies here leaves a part behind: every statement
passes over what is there already, and the next process goes on.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_OPTIONS = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_bin",
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
    "mariadb_collate": "utf8mb4_bin",
}
_STATUS = sa.Enum("Pending", "Processing", "Completed", "Failed", name="status", create_constraint=True)
_TIMESTAMP = sa.DateTime().with_variant(mysql.TIMESTAMP(fsp=3), "mysql", "mariadb")
_UUID = sa.String(36).with_variant(mysql.CHAR(36, charset="ascii", collation="ascii_bin"), "mysql", "mariadb")
_SHA256 = sa.String(64).with_variant(mysql.CHAR(64, charset="ascii", collation="ascii_bin"), "mysql", "mariadb")


def upgrade() -> None:
    _table(
        "users",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("created_at", _TIMESTAMP, nullable=False),
        sa.Column("updated_at", _TIMESTAMP, nullable=False),
        sa.Column("public_id", _UUID, nullable=False),
        sa.Column("locale", sa.String(16), nullable=False),
        sa.Column("email_on_failure", sa.Boolean(), nullable=False),
        sa.Column("email_on_completion", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sa.UniqueConstraint("public_id", name=op.f("uq_users_public_id")),
        sqlite_autoincrement=True,
    )
    _table(
        "video_processings",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("original_file_name", sa.String(255), nullable=False),
        sa.Column("status", _STATUS, nullable=False),
        sa.Column("s3_input_path", sa.String(2048), nullable=False),
        sa.Column("s3_output_path", sa.String(2048)),
        sa.Column("failure_reason", sa.Text()),
        sa.Column("created_at", _TIMESTAMP, nullable=False),
        sa.Column("completed_at", _TIMESTAMP),
        sa.Column("public_id", _UUID, nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("lost_attempts", sa.Integer(), nullable=False),
        sa.Column("released", sa.Boolean(), nullable=False),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.Column("wake_at", sa.BigInteger(), nullable=False),
        sa.Column("sweeps", sa.Integer(), nullable=False),
        sa.Column("sweep_delay", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("started_at", _TIMESTAMP),
        sa.Column("progress_percent", sa.Double(), nullable=False),
        sa.Column("frames_extracted", sa.Integer(), nullable=False),
        sa.Column("frames_expected", sa.Integer()),
        sa.Column("media_duration_seconds", sa.Double()),
        sa.Column("media_width", sa.Integer()),
        sa.Column("media_height", sa.Integer()),
        sa.Column("media_codec", sa.String(255)),
        sa.Column("media_frames_per_second", sa.Double()),
        sa.Column("failure_code", sa.String(32)),
        sa.Column("archive_bytes", sa.BigInteger()),
        sa.Column("archive_sha256", _SHA256),
        sa.Column("frame_count", sa.Integer()),
        sa.Column("contact_sheet_path", sa.String(2048)),
        sa.Column("source_hash", _SHA256, nullable=False),
        sa.Column("idempotency_key", sa.String(255)),
        sa.Column("request_digest", sa.String(64), nullable=False),
        _owner("video_processings"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("public_id", name=op.f("uq_video_processings_public_id")),
        sa.UniqueConstraint("user_id", "idempotency_key", name=op.f("uq_video_processings_user_id_idempotency_key")),
        sqlite_autoincrement=True,
    )
    _index("video_processings", "source_hash")
    _index("video_processings", "status", "wake_at")
    _index("video_processings", "user_id", "created_at", "public_id")
    _table(
        "domain_events",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("video_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("at", _TIMESTAMP, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["video_id"], ["video_processings.id"], name=op.f("fk_domain_events_video_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    _index("domain_events", "video_id")
    _table(
        "intakes",
        sa.Column("id", _UUID, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("source_key", sa.String(2048), nullable=False),
        sa.Column("source_hash", _SHA256, nullable=False),
        sa.Column("idempotency_key", sa.String(255)),
        sa.Column("declared_bytes", sa.BigInteger()),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        _owner("intakes"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id", "idempotency_key", name=op.f("uq_intakes_user_id_idempotency_key")),
    )
    _index("intakes", "source_hash")
    _index("intakes", "expires_at")
    _table(
        "removals",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("object_key", sa.String(2048), nullable=False),
        sa.Column("is_prefix", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("wake_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    _index("removals", "wake_at")
    _table(
        "notifications",
        sa.Column("id", _UUID, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("video_id", sa.Integer()),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("file_name", sa.String(255), nullable=False),
        sa.Column("failure_code", sa.String(32)),
        sa.Column("failure_reason", sa.Text()),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("wake_at", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text()),
        sa.Column("created_at", _TIMESTAMP, nullable=False),
        sa.Column("delivered_at", _TIMESTAMP),
        _owner("notifications"),
        sa.ForeignKeyConstraint(
            ["video_id"], ["video_processings.id"], name=op.f("fk_notifications_video_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("video_id", "channel", "event", name=op.f("uq_notifications_video_id_channel_event")),
    )
    _index("notifications", "user_id")
    _index("notifications", "status", "wake_at")


def downgrade() -> None:
    for name in ("notifications", "removals", "intakes", "domain_events", "video_processings", "users"):
        op.drop_table(name, if_exists=True)


def _owner(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f(f"fk_{table}_user_id"), ondelete="CASCADE")


def _table(name: str, *parts: sa.Column | sa.Constraint, **options: bool) -> None:
    op.create_table(name, *parts, if_not_exists=True, **_OPTIONS, **options)


def _index(table: str, *columns: str) -> None:
    # MySQL knows no CREATE INDEX IF NOT EXISTS.
    name = "_".join(("ix", table, *columns))
    if name not in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}:
        op.create_index(op.f(name), table, columns)
