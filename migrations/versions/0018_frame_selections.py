"""Choices of pictures, each kept for a day.

As in 0001, every statement passes over what is there already, since MySQL commits each on its own. A former version
that still runs knows nothing of them; they go with their video by the database.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0018"
down_revision = "0017"
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
_SHA256 = sa.String(64).with_variant(mysql.CHAR(64, charset="ascii", collation="ascii_bin"), "mysql", "mariadb")
_TABLE = "frame_selections"
_INDEX = "ix_frame_selections_lapses_at"


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("video_id", sa.Integer(), nullable=False),
        sa.Column("digest", _SHA256, nullable=False),
        sa.Column("places", sa.Text(), nullable=False),
        sa.Column("lapses_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["video_id"], ["video_processings.id"], name=op.f("fk_frame_selections_video_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("video_id", "digest", name=op.f("uq_frame_selections_video_id_digest")),
        if_not_exists=True,
        sqlite_autoincrement=True,
        **_OPTIONS,
    )
    # MySQL knows no CREATE INDEX IF NOT EXISTS.
    if _INDEX not in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(_TABLE)}:
        op.create_index(op.f(_INDEX), _TABLE, ["lapses_at"])


def downgrade() -> None:
    op.drop_table(_TABLE, if_exists=True)
