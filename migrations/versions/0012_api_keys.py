"""Keys for programs.

As in 0001, every statement passes over what is there already, since MySQL commits each on its own. A former version
that still runs knows nothing of them: it refuses each as no token of its own, and neither ends what keys have open
where it disables an account, nor revokes them where it resets a password. They go with their user, by the database.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0012"
down_revision = "0011"
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
        "api_keys",
        sa.Column("id", _UUID, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("scopes", sa.String(255), nullable=False),
        sa.Column("secret_sha256", _SHA256, nullable=False),
        sa.Column("ending", sa.String(4), nullable=False),
        sa.Column("session_id", _UUID, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_keys_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("secret_sha256", name=op.f("uq_api_keys_secret_sha256")),
        if_not_exists=True,
        **_OPTIONS,
    )
    for column in ("user_id", "expires_at"):
        _index(column)


def downgrade() -> None:
    op.drop_table("api_keys", if_exists=True)


def _index(column: str) -> None:
    # MySQL knows no CREATE INDEX IF NOT EXISTS.
    name = f"ix_api_keys_{column}"
    if name not in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("api_keys")}:
        op.create_index(op.f(name), "api_keys", [column])
