"""Whether a new schema keeps what the old one promised."""

from collections.abc import Sequence

from graphql import build_schema
from graphql.utilities import find_breaking_changes


def broken_promises(old: str, new: str) -> Sequence[str]:
    """Return, a sentence each, what clients written for the schema ``old`` (SDL) cannot rely on in ``new``."""
    return [change.description for change in find_breaking_changes(build_schema(old), build_schema(new))]
