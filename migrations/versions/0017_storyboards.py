"""What is stored of a video's storyboard.

As in 0001, what is there already is passed over. A former version that still runs knows nothing of it: what it makes
has none, and where it takes a video over from a newer one, what that one wrote is left behind: it names the attempt, and
is passed over for any other.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if "storyboard" not in _columns("video_processings"):
        op.add_column("video_processings", sa.Column("storyboard", sa.Text(), nullable=True))


def downgrade() -> None:
    if "storyboard" in _columns("video_processings"):
        op.drop_column("video_processings", "storyboard")


def _columns(table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}
