"""What operators may do to processings and users, and the log of what they did.

As in 0001, every statement passes over what is there already, since MySQL commits each on its own. A former version
that still runs knows nothing of it: it begins attempts that are paused, lets disabled users in, and goes by the limits
of its settings alone.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0010"
down_revision = "0009"
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
_TIMESTAMP = sa.DateTime().with_variant(mysql.TIMESTAMP(fsp=3), "mysql", "mariadb")
_UUID = sa.String(36).with_variant(mysql.CHAR(36, charset="ascii", collation="ascii_bin"), "mysql", "mariadb")
_COLUMNS = (
    ("users", "role", sa.String(16)),
    ("users", "disabled_at", _TIMESTAMP),
    ("users", "max_active_videos", sa.Integer()),
    ("users", "max_stored_bytes", sa.BigInteger()),
    ("domain_events", "said", sa.Text()),
)
_LISTED = "ix_video_processings_created_at_public_id"


def upgrade() -> None:
    for table, name, kind in _COLUMNS:
        if name not in _columns(table):
            op.add_column(table, sa.Column(name, kind, nullable=True))
    _index("video_processings", "created_at", "public_id")
    op.create_table(
        "pauses",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("since", _TIMESTAMP, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_pauses_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id", name=op.f("uq_pauses_user_id")),
        if_not_exists=True,
        sqlite_autoincrement=True,
        **_OPTIONS,
    )
    op.create_table(
        "audit_log",
        sa.Column("id", _UUID, nullable=False),
        sa.Column("created_at", _TIMESTAMP, nullable=False),
        sa.Column("operator", sa.String(255), nullable=False),
        sa.Column("deed", sa.String(32), nullable=False),
        sa.Column("target_kind", sa.String(16), nullable=False),
        sa.Column("target_id", _UUID, nullable=True),
        sa.Column("outcome", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        if_not_exists=True,
        **_OPTIONS,
    )
    _index("audit_log", "created_at", "id")
    _index("audit_log", "target_id")


def downgrade() -> None:
    op.drop_table("audit_log", if_exists=True)
    op.drop_table("pauses", if_exists=True)
    if _LISTED in _indexes("video_processings"):
        op.drop_index(op.f(_LISTED), "video_processings")
    for table, name, _ in reversed(_COLUMNS):
        if name in _columns(table):
            op.drop_column(table, name)


def _index(table: str, *columns: str) -> None:
    # MySQL knows no CREATE INDEX IF NOT EXISTS.
    name = "_".join(("ix", table, *columns))
    if name not in _indexes(table):
        op.create_index(op.f(name), table, list(columns))


def _columns(table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}


def _indexes(table: str) -> set[str | None]:
    return {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}
