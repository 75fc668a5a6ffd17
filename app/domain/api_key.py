"""Keys for programs: how they are written, and what is kept of them."""

import hashlib
import re
import secrets
import string
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NewType

from app.domain.errors import InvalidInput
from app.domain.session import Scope, SessionId
from app.domain.user import UserId, checked_line

ApiKeyId = NewType("ApiKeyId", str)
"""A UUID in its canonical text form; it says nothing of the secret."""

PREFIX: Final = "fx_"
MOST_KEYS: Final = 50
"""So many may one user have, expired ones included."""
LISTED_AFTER_EXPIRY: Final = timedelta(days=30)
"""For so long an expired key can still be seen, so that its owner knows why a program stopped."""

_ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM: Final = 30
_CHECKSUM: Final = 6
_FORM: Final = re.compile(rf"{PREFIX}([0-9A-Za-z]{{{_RANDOM}}})([0-9A-Za-z]{{{_CHECKSUM}}})", re.ASCII)
_ENDING: Final = 4
_NAME_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is kept: of its secret only the SHA-256 and the last characters, by which people know it again.

    ``session`` is what ends where the key does. ``last_used_at`` is right to a minute.
    """

    id: ApiKeyId
    owner: UserId
    name: str
    scopes: frozenset[Scope]
    secret_sha256: str
    ending: str
    session: SessionId
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None


def new_secret() -> str:
    """Make a key: 178 random bits in base62, and their CRC-32, as GitHub's tokens are made.

    Whoever scans texts for keys that leaked knows one by its prefix and its checksum, and need ask nobody. See "Behind
    GitHub's new authentication token formats", GitHub's blog, 5 April 2021.
    """
    text = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return f"{PREFIX}{text}{_checksum(text)}"


def is_well_formed(secret: str) -> bool:
    """Return whether it has the form and the checksum of a key; a letter that was mistyped shows."""
    match = _FORM.fullmatch(secret)
    return match is not None and _checksum(match[1]) == match[2]


def sha256_of(secret: str) -> str:
    """Return the form in which it is kept. Nobody guesses 178 bits, so it needs neither salt nor many rounds."""
    return hashlib.sha256(secret.encode()).hexdigest()


def ending_of(secret: str) -> str:
    """Return what may be shown of it, so that a key that was found somewhere can be told from others."""
    return secret[-_ENDING:]


def checked_key_name(text: str) -> str:
    """Return a key's name as it is kept: NFC, one line, 1 to 100 characters.

    :raises InvalidInput: where it is empty, too long or holds control characters
    """
    return checked_line(text, _NAME_MAX)


def checked_expiry(expires_at: datetime | None, now: datetime) -> datetime | None:
    """Return when a new key is to expire; None is never.

    :raises InvalidInput: where that is not in the future
    """
    if expires_at is not None and expires_at <= now:
        raise InvalidInput("A key expires in the future, or never.", field=("expiresAt",))
    return expires_at


def _checksum(text: str) -> str:
    left, digits = zlib.crc32(text.encode()), ""
    for _ in range(_CHECKSUM):
        left, digit = divmod(left, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
