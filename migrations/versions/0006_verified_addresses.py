"""Whose address was verified, the links that verify one, and which digest tells of a mail that was held back.

As in 0001, every statement passes over what is there already, since MySQL commits each on its own. Accounts from before
count as verified; docs/operations.md says how to have them verified too.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0006"
down_revision = "0005"
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
    if "email_verified_at" not in _columns("users"):
        op.add_column("users", sa.Column("email_verified_at", _TIMESTAMP, nullable=True))
    op.execute("UPDATE users SET email_verified_at = created_at WHERE email_verified_at IS NULL")
    op.create_table(
        "email_verifications",
        sa.Column("id", _UUID, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("lapses_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_email_verifications_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id"),
        if_not_exists=True,
        **_OPTIONS,
    )
    _index("email_verifications", "user_id")
    _index("email_verifications", "lapses_at")
    if "digest_id" not in _columns("notifications"):
        op.add_column("notifications", sa.Column("digest_id", _UUID))
    _index("notifications", "digest_id")


def downgrade() -> None:
    if "digest_id" in _columns("notifications"):
        if "ix_notifications_digest_id" in _indexes("notifications"):
            op.drop_index(op.f("ix_notifications_digest_id"), "notifications")
        op.drop_column("notifications", "digest_id")
    op.drop_table("email_verifications", if_exists=True)
    if "email_verified_at" in _columns("users"):
        op.drop_column("users", "email_verified_at")


def _index(table: str, column: str) -> None:
    # MySQL knows no CREATE INDEX IF NOT EXISTS.
    name = f"ix_{table}_{column}"
    if name not in _indexes(table):
        op.create_index(op.f(name), table, [column])


def _indexes(table: str) -> set[str]:
    return {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}


def _columns(table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}
