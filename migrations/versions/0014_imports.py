"""Files that the service fetches from links.

As in 0001, every statement passes over what is there already, since MySQL commits each on its own. A former version
that still runs takes an import's reservation for one of its own, which it counts and in the end removes alike.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0014"
down_revision = "0013"
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


def _ascii(length: int) -> sa.types.TypeEngine[str]:
    char = mysql.CHAR(length, charset="ascii", collation="ascii_bin")
    return sa.String(length).with_variant(char, "mysql", "mariadb")


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("id", _ascii(36), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(2048), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("wake_at", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.String(255)),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("fetched_bytes", sa.BigInteger(), nullable=False),
        sa.Column("total_bytes", sa.BigInteger()),
        sa.Column("validator", sa.String(255)),
        sa.Column("part_size_bytes", sa.BigInteger()),
        sa.Column("storage_upload_id", sa.String(2048)),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("failure_code", sa.String(32)),
        sa.Column("failure_reason", sa.Text()),
        sa.Column("idempotency_key", sa.String(255)),
        sa.Column("request_digest", sa.String(64), nullable=False),
        sa.Column("traceparent", _ascii(55)),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE", name=op.f("fk_imports_user_id")),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id", "idempotency_key", name=op.f("uq_imports_user_id_idempotency_key")),
        if_not_exists=True,
        **_OPTIONS,
    )
    known = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("imports")}
    for columns in (("user_id", "created_at"), ("status", "wake_at"), ("ended_at",)):
        # MySQL knows no CREATE INDEX IF NOT EXISTS.
        if (name := "_".join(("ix_imports", *columns))) not in known:
            op.create_index(op.f(name), "imports", [*columns])


def downgrade() -> None:
    op.drop_table("imports", if_exists=True)
