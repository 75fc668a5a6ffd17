"""Named options, and several videos under one name.

As in 0001, every statement passes over what is there already, since MySQL commits each on its own. A former version
that still runs knows nothing of them: what it takes joins no batch, an upload in parts that it completes neither. Both
go with their user, and a video's place in its batch with the video, by the database.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0015"
down_revision = "0014"
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
_TIMESTAMP = sa.DateTime().with_variant(mysql.TIMESTAMP(fsp=3), "mysql", "mariadb")


def upgrade() -> None:
    op.create_table(
        "presets",
        sa.Column("id", _UUID, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_presets_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_presets_user_id_name")),
        if_not_exists=True,
        **_OPTIONS,
    )
    op.create_table(
        "batches",
        sa.Column("id", _UUID, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("options", sa.Text(), nullable=True),
        sa.Column("created_at", _TIMESTAMP, nullable=False),
        sa.Column("closed_at", _TIMESTAMP, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_batches_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_batches_user_id_name")),
        if_not_exists=True,
        **_OPTIONS,
    )
    _index("batches", "user_id", "created_at", "id")
    op.create_table(
        "batch_videos",
        sa.Column("video_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("batch_id", _UUID, nullable=False),
        sa.ForeignKeyConstraint(
            ["video_id"], ["video_processings.id"], name=op.f("fk_batch_videos_video_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.id"], name=op.f("fk_batch_videos_batch_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("video_id"),
        if_not_exists=True,
        **_OPTIONS,
    )
    _index("batch_videos", "batch_id")
    if "batch_id" not in _columns("staged_uploads"):
        op.add_column("staged_uploads", sa.Column("batch_id", _UUID, nullable=True))


def downgrade() -> None:
    if "batch_id" in _columns("staged_uploads"):
        op.drop_column("staged_uploads", "batch_id")
    for table in ("batch_videos", "batches", "presets"):
        op.drop_table(table, if_exists=True)


def _index(table: str, *columns: str) -> None:
    # MySQL knows no CREATE INDEX IF NOT EXISTS.
    name = f"ix_{table}_{'_'.join(columns)}"
    if name not in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}:
        op.create_index(op.f(name), table, list(columns))


def _columns(table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}
