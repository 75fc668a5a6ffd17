"""Addresses that users want in place of theirs, or may have back, until a link that was mailed there is used.

As in 0001, every statement passes over what is there already, since MySQL commits each on its own. A former version
that still runs knows nothing of them, and takes none of these links: to it they are of no use, and the account stays
where it is.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0016"
down_revision = "0015"
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


def upgrade() -> None:
    op.create_table(
        "email_changes",
        sa.Column("id", _UUID, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("lapses_at", sa.BigInteger(), nullable=False),
        sa.Column("leads_back", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_email_changes_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        if_not_exists=True,
        **_OPTIONS,
    )
    _index("user_id")
    _index("lapses_at")


def downgrade() -> None:
    op.drop_table("email_changes", if_exists=True)


def _index(column: str) -> None:
    # MySQL knows no CREATE INDEX IF NOT EXISTS.
    name = f"ix_email_changes_{column}"
    if name not in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("email_changes")}:
        op.create_index(op.f(name), "email_changes", [column])
