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


def parsed_uuid(text: str, missing: type[Exception]) -> str:
    """Read an id that a client names, in capitals or not.

    :raises missing: where it is no UUID in canonical form, since nothing has such an id
    """
    canonical = text.lower()
    if not is_uuid(canonical):
        raise missing
    return canonical
