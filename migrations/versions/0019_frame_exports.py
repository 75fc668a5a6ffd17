"""Exports of pictures, each kept for a day.

As in 0001, every statement passes over what is there already, since MySQL commits each on its own. A former version
that still runs makes none, and takes what others store for orphans: then it is made anew on request.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0019"
down_revision = "0018"
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
_UUID = sa.String(36).with_variant(mysql.CHAR(36, charset="ascii", collation="ascii_bin"), "mysql", "mariadb")
_SHA256 = sa.String(64).with_variant(mysql.CHAR(64, charset="ascii", collation="ascii_bin"), "mysql", "mariadb")
_TRACEPARENT = sa.String(55).with_variant(mysql.CHAR(55, charset="ascii", collation="ascii_bin"), "mysql", "mariadb")
_TABLE = "frame_exports"


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", _UUID, nullable=False),
        sa.Column("video_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("places", sa.Text(), nullable=True),
        sa.Column("digest", _SHA256, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("wake_at", sa.BigInteger(), nullable=False),
        sa.Column("lapses_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.Column("frame_count", sa.Integer(), nullable=True),
        sa.Column("object_key", sa.String(255), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("failure_code", sa.String(32), nullable=True),
        sa.Column("failure_reason", sa.Text(), nullable=True),
        sa.Column("traceparent", _TRACEPARENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["video_id"], ["video_processings.id"], name=op.f("fk_frame_exports_video_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("video_id", "digest", name=op.f("uq_frame_exports_video_id_digest")),
        if_not_exists=True,
        **_OPTIONS,
    )
    _index("lapses_at")
    _index("object_key")
    _index("status", "wake_at")


def downgrade() -> None:
    op.drop_table(_TABLE, if_exists=True)


def _index(*columns: str) -> None:
    # MySQL knows no CREATE INDEX IF NOT EXISTS.
    name = f"ix_{_TABLE}_{'_'.join(columns)}"
    if name not in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(_TABLE)}:
        op.create_index(op.f(name), _TABLE, list(columns))
