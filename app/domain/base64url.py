"""Bytes as text that fits into a URL: base64url without padding (RFC 4648, section 5)."""

import base64
import re
from typing import Final

_ALPHABET: Final = re.compile(r"[A-Za-z0-9_-]*")


def encoded(data: bytes) -> str:
    """Return them as text."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Return what a text stands for; raises ``ValueError`` where it is none of these."""
    if not _ALPHABET.fullmatch(text):
        raise ValueError
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
