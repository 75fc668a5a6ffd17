"""Ids as clients see them."""

from typing import TypeGuard
from uuid import UUID


def is_uuid(value: object) -> TypeGuard[str]:
    """Whether it is a UUID in its one canonical text form (RFC 9562, section 4), the only one that our tables hold."""
    try:
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False
