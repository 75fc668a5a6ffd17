"""Ids as clients see them."""

from typing import TypeGuard
from uuid import UUID


def uuid_of(data: bytes) -> str:
    """Return the canonical text form of a UUID's 16 bytes."""
    return str(UUID(bytes=data))


def is_uuid(value: object) -> TypeGuard[str]:
    """Whether it is a UUID in its one canonical text form (RFC 9562, section 4), the only one that our tables hold."""
    try:
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False
