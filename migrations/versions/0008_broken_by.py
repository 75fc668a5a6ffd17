"""The workers in which a processing broke, so that another tries it before that is blamed on it.

As in 0001, every statement passes over what is there already, since MySQL commits each on its own. A former version
that still runs knows nothing of it: it tries again what broke in itself, and gives up after the third time.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TABLE = "video_processings"


def upgrade() -> None:
    if "broken_by" not in _columns():
        op.add_column(_TABLE, sa.Column("broken_by", sa.String(255), nullable=True))


def downgrade() -> None:
    if "broken_by" in _columns():
        op.drop_column(_TABLE, "broken_by")


def _columns() -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(_TABLE)}
