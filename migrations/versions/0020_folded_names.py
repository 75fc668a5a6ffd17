"""The names of files as they are searched and sorted, beside those that their owners see.

As in 0001, every statement passes over what is there already, since MySQL commits each on its own. A former version
that still runs knows nothing of it and writes none: what it takes is found by its name in small letters, until a worker
of this version claims it. The names that are there are folded here as this version's code did when it was released.
"""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_TABLE = "video_processings"
_MAX = 255
_AT_ONCE = 1000
_ACCENTS = dict.fromkeys(range(0x0300, 0x0370))
_SIGMA = {ord("\N{GREEK SMALL LETTER FINAL SIGMA}"): "\N{GREEK SMALL LETTER SIGMA}"}


def upgrade() -> None:
    if "folded_name" not in _columns():
        op.add_column(_TABLE, sa.Column("folded_name", sa.String(_MAX), nullable=True))
    bind, behind = op.get_bind(), 0
    table = sa.table(_TABLE, sa.column("id"), sa.column("original_file_name"), sa.column("folded_name"))
    changed = (
        sa.update(table).where(table.c.id == sa.bindparam("row")).values(folded_name=sa.bindparam("name", type_=sa.String))
    )
    while rows := bind.execute(
        sa.select(table.c.id, table.c.original_file_name)
        .where(table.c.id > behind, table.c.folded_name.is_(None))
        .order_by(table.c.id)
        .limit(_AT_ONCE)
    ).all():
        bind.execute(changed, [{"row": row, "name": _folded(name)} for row, name in rows])
        behind = rows[-1][0]


def downgrade() -> None:
    if "folded_name" in _columns():
        op.drop_column(_TABLE, "folded_name")


def _columns() -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(_TABLE)}


def _folded(text: str) -> str:
    small = unicodedata.normalize("NFKD", text).upper().lower().translate(_SIGMA)
    bare = unicodedata.normalize("NFKD", small).translate(_ACCENTS)
    return " ".join(unicodedata.normalize("NFC", bare).split())[:_MAX].rstrip()
