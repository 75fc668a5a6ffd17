"""What the program called itself that began a session, so that its owner knows it again in a list.

As in 0001, every statement passes over what is there already, since MySQL commits each on its own. A former version
that still runs knows nothing of it, and begins sessions without.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_TABLE = "sessions"


def upgrade() -> None:
    if "agent" not in _columns():
        op.add_column(_TABLE, sa.Column("agent", sa.String(255), nullable=True))


def downgrade() -> None:
    if "agent" in _columns():
        op.drop_column(_TABLE, "agent")


def _columns() -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(_TABLE)}
