"""The port ``AccessTokens``: JWTs (RFC 7519) that live for one session."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, final
from uuid import UUID, uuid4

import jwt

from app.domain.errors import Unauthenticated
from app.domain.session import SessionId
from app.domain.user import UserId
from app.usecases.ports import AccessToken, Clock, Viewer

_ALGORITHM: Final = "HS256"
_ISSUER: Final = "fiapx"
_AUDIENCE: Final = "fiapx-api"
_TYPE: Final = "access"
_CLAIMS: Final = ["iss", "aud", "sub", "sid", "iat", "nbf", "exp", "jti", "typ"]
_KEY_BYTES: Final = 32  # RFC 7518, section 3.2: no shorter than the hash.
_TOKEN_MAX: Final = 4096
_LEEWAY_SECONDS: Final = 5
"""How far another machine's clock may be ahead of ours; a session that has ended gets none of it."""


@final
class JwtAccessTokens:
    """HS256 with one key; ``kid`` names it, so that tokens of a former key are told apart from forged ones at a glance.

    Times are judged by our clock and not by the library's, so that all machines agree with the database.

    :raises ValueError: where the key has fewer than 32 bytes
    """

    def __init__(self, key: str, *, clock: Clock, lifetime_seconds: int) -> None:
        self._key = key.encode()
        if len(self._key) < _KEY_BYTES:
            raise ValueError(f"The key of access tokens needs at least {_KEY_BYTES} bytes.")
        self._kid = hashlib.sha256(b"access token key\n" + self._key).hexdigest()[:8]
        self._clock = clock
        self._lifetime = lifetime_seconds

    def issue(self, user: UserId, session: SessionId) -> AccessToken:
        now = int(self._clock.now().timestamp())
        expires = now + self._lifetime
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": user,
            "sid": session,
            "iat": now,
            "nbf": now,
            "exp": expires,
            "jti": str(uuid4()),
            "typ": _TYPE,
        }
        text = jwt.encode(claims, self._key, algorithm=_ALGORITHM, headers={"kid": self._kid})
        return AccessToken(text, datetime.fromtimestamp(expires, UTC))

    def verify(self, token: str) -> Viewer:
        """Raises ``Unauthenticated`` for all but a token that ``issue`` made and that has not lapsed."""
        if len(token) > _TOKEN_MAX:
            raise Unauthenticated
        try:
            decoded = jwt.decode_complete(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                issuer=_ISSUER,
                audience=_AUDIENCE,
                options={"require": _CLAIMS, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except (jwt.PyJWTError, ValueError, TypeError):  # The last two for texts made to confuse it.
            raise Unauthenticated from None
        claims = decoded["payload"]
        if decoded["header"].get("kid") != self._kid or claims["typ"] != _TYPE:
            raise Unauthenticated
        if not _is_uuid(claims["sub"]) or not _is_uuid(claims["sid"]):
            raise Unauthenticated
        return Viewer(UserId(claims["sub"]), SessionId(claims["sid"]), self._end(claims))

    def _end(self, claims: Mapping[str, Any]) -> datetime:
        issued, begins, ends = claims["iat"], claims["nbf"], claims["exp"]
        if not all(type(time) is int for time in (issued, begins, ends)) or not 0 < ends - issued <= self._lifetime:
            raise Unauthenticated
        now = self._clock.now().timestamp()
        if not max(issued, begins) - _LEEWAY_SECONDS <= now < ends:
            raise Unauthenticated
        return datetime.fromtimestamp(ends, UTC)


def _is_uuid(subject: object) -> bool:
    """Whether it is a UUID in its one canonical form."""
    try:
        return isinstance(subject, str) and str(UUID(subject)) == subject
    except ValueError:
        return False
