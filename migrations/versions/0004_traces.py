"""In whose trace a video and a notification were written down.

As in 0001, every statement passes over what is there already, since MySQL commits each on its own.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TABLES = ("video_processings", "notifications")
_TRACEPARENT = sa.String(55).with_variant(
    mysql.CHAR(55, charset="ascii", collation="ascii_bin"), "mysql", "mariadb"
)


def upgrade() -> None:
    for table in _TABLES:
        if "traceparent" not in _columns(table):
            op.add_column(table, sa.Column("traceparent", _TRACEPARENT))


def downgrade() -> None:
    for table in _TABLES:
        if "traceparent" in _columns(table):
            op.drop_column(table, "traceparent")


def _columns(table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}
