"""Hashes of passwords."""

from typing import Protocol


class PasswordHasher(Protocol):
    """Salted argon2id, off the event loop, in a bounded pool."""

    async def hash(self, password: str) -> str: ...
    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Take the same time for None, an unknown user, as for a wrong password."""
        ...

    def outdated(self, password_hash: str) -> bool: ...
