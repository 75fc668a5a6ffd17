"""When a session began, so that it ends however often it is refreshed.

As in 0001, every statement passes over what is there already, since MySQL commits each on its own. A former version's
sessions have none; theirs is counted from their next refresh.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if "began_at" not in _columns("sessions"):
        op.add_column("sessions", sa.Column("began_at", sa.BigInteger()))


def downgrade() -> None:
    if "began_at" in _columns("sessions"):
        op.drop_column("sessions", "began_at")


def _columns(table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}
