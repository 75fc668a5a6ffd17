"""The port ``PasswordHasher`` on passlib's interface."""

import secrets
from functools import cache, partial
from typing import Final, final

from passlib.hash import argon2  # type: ignore[import-untyped]  # libpass ships no types.

from app.domain.errors import InvalidInput
from app.infra.threads import Threads

# OWASP's Password Storage Cheat Sheet: Argon2id with 19 MiB, two passes and one lane.
_ARGON2ID: Final = argon2.using(type="ID", memory_cost=19_456, rounds=2, parallelism=1)


@final
class Argon2PasswordHasher:
    """Argon2id in a pool of its own: each thread takes 19 MiB while it works, and the event loop never waits for one.

    A hash made with other parameters, or by another scheme, is ``outdated``.
    """

    def __init__(self, *, threads: int) -> None:
        self._threads = Threads(threads, "passwords")
        self._nobodys = _hash_of_nobody()

    async def aclose(self) -> None:
        """Wait for the work under way."""
        await self._threads.aclose()

    async def hash(self, password: str) -> str:
        """Raises ``InvalidInput`` for what is no text, or far too long."""
        return await self._threads.start(partial(_hash, password))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Return whether it is the one; for an unknown user, and for what is no hash at all, after the same work."""
        return await self._threads.start(partial(self._verify, password, password_hash))

    def outdated(self, password_hash: str) -> bool:
        try:
            return bool(_ARGON2ID.needs_update(password_hash))
        except (ValueError, TypeError):
            return True

    def _verify(self, password: str, password_hash: str | None) -> bool:
        if password_hash is not None:
            try:
                return bool(_ARGON2ID.verify(password, password_hash))
            except (ValueError, TypeError):  # No text, too long, or a damaged hash.
                pass
        _ARGON2ID.verify("", self._nobodys)
        return False


def _hash(password: str) -> str:
    try:
        return str(_ARGON2ID.hash(password))
    except ValueError as error:  # Half a character, or more than passlib's 4096.
        raise InvalidInput("This password cannot be used.", field=("password",)) from error


@cache
def _hash_of_nobody() -> str:
    """Return what the password of an unknown user is compared with, so that this takes as long as a known one's."""
    return str(_ARGON2ID.hash(secrets.token_urlsafe()))
