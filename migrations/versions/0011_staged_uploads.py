"""Uploads in parts, straight to the storage.

As in 0001, every statement passes over what is there already, since MySQL commits each on its own. A former version
that still runs takes such an upload's reservation for one of its own, which it counts and in the end removes alike.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0011"
down_revision = "0010"
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


def upgrade() -> None:
    op.create_table(
        "staged_uploads",
        sa.Column("id", _UUID, nullable=False),
        sa.Column("file_name", sa.String(255), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("fingerprint_sha256", _SHA256),
        sa.Column("head_sha256", _SHA256, nullable=False),
        sa.Column("part_size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("storage_upload_id", sa.String(2048), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["intakes.id"], ondelete="CASCADE", name=op.f("fk_staged_uploads_id")),
        sa.PrimaryKeyConstraint("id"),
        if_not_exists=True,
        **_OPTIONS,
    )


def downgrade() -> None:
    op.drop_table("staged_uploads", if_exists=True)
