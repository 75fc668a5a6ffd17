"""Since when the files of a processing are no longer kept.

As in 0001, every statement passes over what is there already, since MySQL commits each on its own. A former version
that still runs knows nothing of it: it offers a ZIP that may be gone, and answers that it is not stored.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLE = "video_processings"
_INDEX = "ix_video_processings_expired_at_completed_at"
_TIMESTAMP = sa.DateTime().with_variant(mysql.TIMESTAMP(fsp=3), "mysql", "mariadb")


def upgrade() -> None:
    if "expired_at" not in _columns():
        op.add_column(_TABLE, sa.Column("expired_at", _TIMESTAMP, nullable=True))
    if _INDEX not in _indexes():
        op.create_index(op.f(_INDEX), _TABLE, ["expired_at", "completed_at"])


def downgrade() -> None:
    if _INDEX in _indexes():
        op.drop_index(op.f(_INDEX), _TABLE)
    if "expired_at" in _columns():
        op.drop_column(_TABLE, "expired_at")


def _columns() -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(_TABLE)}


def _indexes() -> set[str | None]:
    return {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(_TABLE)}
