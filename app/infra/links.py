"""Links that authorise themselves for a short time, and the names under which browsers save what is behind them."""

import asyncio
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, final
from urllib.parse import quote

import jwt

from app.infra.tokens import is_compact
from app.usecases.ports.storage import PartToSend

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_NAME_BYTES: Final = 150
_EXTENSION_MAX: Final = 16
_NO_NAME: Final = "download"
_UNSAFE: Final = frozenset('"\\/')
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # Controls, what turns text around, half characters.
_ATTR_CHAR: Final = (
    "!#$&+-.^_`|~"  # RFC 8187, section 3.2.1: what need not be percent-encoded, beside the alphanumerics.
)

_SECRET_BYTES: Final = 32
_ALGORITHM: Final = "HS256"
_AUDIENCE: Final = "fiapx-files"
"""Named in each ticket, so that nothing else that is ever signed with this secret can pass for one."""


def safe_file_name(file_name: str) -> str:
    """Return a name that no header and no disk can misread: no controls, quotes or slashes, at most 150 bytes of UTF-8.

    A long one is cut in front of its extension; where nothing is left it is ``download``.
    """
    text = unicodedata.normalize("NFC", file_name)
    text = "".join(c for c in text if c not in _UNSAFE and unicodedata.category(c) not in _INVISIBLE)
    stem, dot, extension = text.strip(" .").rpartition(".")
    if not dot or len(extension) > _EXTENSION_MAX:
        stem, dot, extension = stem + dot + extension, "", ""
    room = _NAME_BYTES - len((dot + extension).encode())
    return (stem.encode()[:room].decode(errors="ignore").rstrip(" .") or _NO_NAME) + dot + extension


def content_disposition(file_name: str) -> str:
    """Return the header that makes a browser save under this name (RFC 6266): readable in ASCII, exact in UTF-8."""
    name = safe_file_name(file_name)
    stem, dot, extension = name.rpartition(".")
    readable = "".join(_ascii(part) or _NO_NAME for part in (stem, dot, extension) if part)
    return f"attachment; filename=\"{readable}\"; filename*=UTF-8''{quote(name, safe=_ATTR_CHAR)}"


def _ascii(text: str) -> str:
    # Without percent signs, which some browsers decode even here (RFC 6266, appendix D).
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(c for c in plain if c not in _UNSAFE).replace("%", "_").strip()


@final
@dataclass(frozen=True, slots=True)
class PresignedLinks:
    """``DownloadLinks`` that lead to the storage itself; the client's URL must be the one that the outside knows."""

    client: "S3Client"
    bucket: str
    lifetime_seconds: int

    def link(self, key: str, *, file_name: str, content_type: str, now: datetime) -> tuple[str, datetime]:
        url = self.client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self.bucket,
                "Key": key,
                "ResponseContentDisposition": content_disposition(file_name),
                "ResponseContentType": content_type,
            },
            ExpiresIn=self.lifetime_seconds,
        )
        return url, now + timedelta(seconds=self.lifetime_seconds)


@final
@dataclass(frozen=True, slots=True)
class PresignedParts:
    """``PartLinks`` of the storage itself; the client's URL must be the one that the outside knows.

    What a URL names is signed with it: key, upload, part, Content-Length and, where there is one, Content-MD5.
    """

    client: "S3Client"
    bucket: str
    lifetime_seconds: int

    async def links(
        self, key: str, upload: str, parts: Sequence[PartToSend], now: datetime
    ) -> tuple[Sequence[str], datetime]:
        # In a thread: many take a while to sign, and a role's credentials may have to be fetched for it.
        urls = await asyncio.to_thread(lambda: [self._link(key, upload, part) for part in parts])
        return urls, now + timedelta(seconds=self.lifetime_seconds)

    def _link(self, key: str, upload: str, part: PartToSend) -> str:
        return self.client.generate_presigned_url(
            "upload_part",
            Params={
                "Bucket": self.bucket,
                "Key": key,
                "UploadId": upload,
                "PartNumber": part.number,
                "ContentLength": part.size_bytes,
                **({"ContentMD5": part.md5} if part.md5 else {}),
            },
            ExpiresIn=self.lifetime_seconds,
        )


@final
@dataclass(frozen=True, slots=True)
class Ticket:
    """What a ticket lets its holder read, under which name and type, and until when."""

    key: str
    file_name: str
    content_type: str
    expires_at: datetime


@final
class TicketLinks:
    """``DownloadLinks`` that lead to our own ``/files/{ticket}``, on the page's own host unless ``public_url`` is set.

    A ticket is a JWT (RFC 7519). The secret has at least 32 bytes.
    """

    def __init__(self, secret: str, *, lifetime_seconds: int, public_url: str | None = None) -> None:
        self._secret = secret.encode()
        if len(self._secret) < _SECRET_BYTES:
            raise ValueError(f"The secret of links needs at least {_SECRET_BYTES} bytes.")
        self._lifetime = lifetime_seconds
        self._base = (public_url or "").rstrip("/")

    def link(self, key: str, *, file_name: str, content_type: str, now: datetime) -> tuple[str, datetime]:
        expires = int(now.timestamp()) + self._lifetime
        claims = {
            "aud": _AUDIENCE,
            "sub": key,
            "name": safe_file_name(file_name),
            "type": content_type,
            "exp": expires,
        }
        ticket = jwt.encode(claims, self._secret, algorithm=_ALGORITHM)
        return f"{self._base}/files/{ticket}", datetime.fromtimestamp(expires, UTC)

    def open(self, ticket: str, now: datetime) -> Ticket | None:
        """Return None where it is forged, malformed or has expired: nobody is told which."""
        if not is_compact(ticket):
            return None
        try:  # Its end is compared below, with the clock that everything else goes by.
            claims = jwt.decode(
                ticket, self._secret, algorithms=[_ALGORITHM], audience=_AUDIENCE, options={"verify_exp": False}
            )
        except (jwt.PyJWTError, ValueError, TypeError):  # The last two for texts made to confuse it.
            return None
        expires_at = datetime.fromtimestamp(claims["exp"], UTC)
        return Ticket(claims["sub"], claims["name"], claims["type"], expires_at) if now < expires_at else None
