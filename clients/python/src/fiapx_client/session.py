"""A session, and where it is kept by programs that end before it does."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, final

from fiapx_client.refused import no_sense


@final
@dataclass(frozen=True, slots=True)
class Session:
    """What a session is gone on with; each refresh token is good once."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)

    @classmethod
    def of(cls, said: Any) -> Self:
        """Read the service's answer."""
        try:
            return cls(said["accessToken"], said["refreshToken"])
        except (KeyError, TypeError) as error:
            raise no_sense() from error


class SessionStore(Protocol):
    """Keeps one session for all programs that go on with it, of which several may run at once."""

    def load(self) -> Session | None:
        """Return the session as it is kept now."""

    def save(self, session: Session | None) -> None:
        """Keep this one from now on, or none."""

    def alone(self) -> AbstractAsyncContextManager[None]:
        """Wait until no other program changes it, and keep all others from it until the block is left."""
