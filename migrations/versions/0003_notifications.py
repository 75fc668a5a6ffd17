"""Webhooks, what a notification says, and the log of deliveries.

As in 0001, every statement passes over what is there already, since MySQL commits each on its own.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TIMESTAMP = sa.DateTime().with_variant(mysql.TIMESTAMP(fsp=3), "mysql", "mariadb")
_LOG = "ix_notifications_user_id_created_at_id"


def upgrade() -> None:
    _column("users", sa.Column("webhook_url", sa.String(2048)))
    _column("users", sa.Column("webhook_secret", sa.String(255)))
    _column("users", sa.Column("webhook_former_secrets", sa.Text()))
    _column("notifications", sa.Column("data", sa.Text()))
    _column("notifications", sa.Column("tried_since", _TIMESTAMP))
    if _LOG not in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("notifications")}:
        op.create_index(op.f(_LOG), "notifications", ["user_id", "created_at", "id"])


def downgrade() -> None:
    if _LOG in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("notifications")}:
        op.drop_index(op.f(_LOG), "notifications")
    for table, names in (
        ("notifications", ("tried_since", "data")),
        ("users", ("webhook_former_secrets", "webhook_secret", "webhook_url")),
    ):
        for name in names:
            if name in _columns(table):
                op.drop_column(table, name)


def _column(table: str, column: sa.Column) -> None:
    if column.name not in _columns(table):
        op.add_column(table, column)


def _columns(table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}
