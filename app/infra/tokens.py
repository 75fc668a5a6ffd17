"""The port ``AccessTokens``: JWTs (RFC 7519) that live for one session."""

import hashlib
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Final, final
from uuid import uuid4

import jwt

from app.domain.errors import Unauthenticated
from app.domain.identifiers import is_uuid
from app.domain.session import SessionId, Viewer
from app.domain.user import UserId
from app.usecases.ports.clock import Clock
from app.usecases.ports.tokens import AccessToken

_ALGORITHM: Final = "HS256"
_ISSUER: Final = "fiapx"
_AUDIENCE: Final = "fiapx-api"
_TYPE: Final = "access"
_CLAIMS: Final = ["iss", "aud", "sub", "sid", "iat", "nbf", "exp", "jti", "typ"]
_KEY_BYTES: Final = 32  # RFC 7518, section 3.2: no shorter than the hash.
_TOKEN_MAX: Final = 4096
_COMPACT: Final = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)  # RFC 7515, section 7.1: no padding.
_LEEWAY_SECONDS: Final = 5
"""How far another machine's clock may be ahead of ours; a session that has ended gets none of it."""


@final
class JwtAccessTokens:
    """HS256. ``kid`` names the key, so that tokens of a former one are honoured until they expire: keys can be changed.

    Times are judged by our clock and not by the library's, so that all machines agree with the database.

    :raises ValueError: where a key has fewer than 32 bytes
    """

    def __init__(self, key: str, *, clock: Clock, lifetime_seconds: int, former_keys: Collection[str] = ()) -> None:
        self._key = key.encode()
        keys = [self._key, *(former.encode() for former in former_keys)]
        if any(len(one) < _KEY_BYTES for one in keys):
            raise ValueError(f"The key of access tokens needs at least {_KEY_BYTES} bytes.")
        self._kid = _kid(self._key)
        self._keys = {_kid(one): one for one in keys}
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
        """Raises ``Unauthenticated`` for all but a token that ``issue`` made and that has not expired."""
        if not is_compact(token):
            raise Unauthenticated
        try:
            key = self._keys[jwt.get_unverified_header(token)["kid"]]
            claims = jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                issuer=_ISSUER,
                audience=_AUDIENCE,
                options={"require": _CLAIMS, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except (jwt.PyJWTError, LookupError, ValueError, TypeError):  # The last two for texts made to confuse it.
            raise Unauthenticated from None
        if claims["typ"] != _TYPE or not is_uuid(claims["sub"]) or not is_uuid(claims["sid"]):
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


def is_compact(token: str) -> bool:
    """Return whether it is written as our JWTs are; decoders of base64 read over padding and what comes after it."""
    return len(token) <= _TOKEN_MAX and _COMPACT.fullmatch(token) is not None


def _kid(key: bytes) -> str:
    return hashlib.sha256(b"access token key\n" + key).hexdigest()[:8]
