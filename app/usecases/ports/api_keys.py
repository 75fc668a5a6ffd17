"""The record of keys for programs."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from app.domain.api_key import ApiKey, ApiKeyId
from app.domain.session import SessionId
from app.domain.user import UserId


class ApiKeys(Protocol):
    """The table ``api_keys``. A key that was revoked is not in it any more."""

    async def add(self, key: ApiKey) -> None: ...
    async def by_sha256(self, secret_sha256: str) -> ApiKey | None:
        """Return the key whose secret has this digest, expired or not."""

    async def of(self, owner: UserId) -> Sequence[ApiKey]:
        """Return one user's, the oldest first."""

    async def used(self, key: ApiKeyId, at: datetime) -> None: ...
    async def renew_session(self, key: ApiKeyId, session: SessionId) -> None:
        """Let this be what ends where the key does, since the former one has ended."""

    async def remove(self, keys: Collection[ApiKeyId]) -> None: ...
    async def forget(self, *, expired_before: datetime, limit: int) -> None:
        """Delete at most so many that expired so long ago."""
