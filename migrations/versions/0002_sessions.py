"""Sessions that can be refreshed and ended, and passwords that can be reset.

As in 0001, every statement passes over what is there already, since MySQL commits each on its own.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"
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
    _table(
        "sessions",
        sa.Column("id", _UUID, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("refresh_digest", _SHA256, nullable=False),
        sa.Column("rotated_at", sa.BigInteger()),
        sa.Column("lapses_at", sa.BigInteger(), nullable=False),
        _owner("sessions"),
    )
    _index("sessions", "user_id")
    _index("sessions", "lapses_at")
    _table("ended_sessions", sa.Column("id", _UUID, nullable=False), sa.Column("ended_at", sa.BigInteger(), nullable=False))
    _index("ended_sessions", "ended_at")
    _table(
        "password_resets",
        sa.Column("id", _UUID, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("lapses_at", sa.BigInteger(), nullable=False),
        _owner("password_resets"),
    )
    _index("password_resets", "user_id")
    _index("password_resets", "lapses_at")


def downgrade() -> None:
    for name in ("password_resets", "ended_sessions", "sessions"):
        op.drop_table(name, if_exists=True)


def _owner(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f(f"fk_{table}_user_id"), ondelete="CASCADE")


def _table(name: str, *parts: sa.Column | sa.Constraint) -> None:
    op.create_table(name, *parts, sa.PrimaryKeyConstraint("id"), if_not_exists=True, **_OPTIONS)


def _index(table: str, column: str) -> None:
    # MySQL knows no CREATE INDEX IF NOT EXISTS.
    name = f"ix_{table}_{column}"
    if name not in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}:
        op.create_index(op.f(name), table, [column])
