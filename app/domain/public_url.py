"""Addresses on the web that users choose and that the service itself asks: of a webhook, or of a film to fetch."""

import re
from dataclasses import dataclass
from typing import Final, final
from urllib.parse import SplitResult, urlsplit

from app.domain.errors import InvalidInput
from app.domain.network import is_loopback, is_public, parsed_address

URL_MAX: Final = 2048
_URL: Final = re.compile(r"[!-~]+")
_PATH: Final = re.compile(r"[A-Za-z0-9!$&'()*+,;=:@/?%._~\-\[\]]*")
_NAME: Final = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?\.?")
_HTTPS_PORT: Final = 443
_FIRST_FREE_PORT: Final = 1024
_LAST_PORT: Final = 65535


@final
@dataclass(frozen=True, slots=True)
class PublicUrl:
    """The rules of such an address; its sentences say ``whose`` it is, and name the ``field`` that it came in.

    It is absolute, https, without user and fragment. Its host is a domain name or the canonical form of a public
    address; its port is 443 or above 1023, where no other well-known service listens. With ``loopback`` it may also be
    this machine, over http too. What a name stands for is looked at when it is connected to.
    """

    whose: str
    field: str
    because: str
    """Why no user and no password need be in it."""

    def checked(self, text: str, *, loopback: bool = False) -> str:
        """Return it in the one form in which it is stored.

        :raises InvalidInput: with a sentence that says what is wrong
        """
        parts = self._split(text)
        host, port = self._host(parts), self._port(parts)
        here = loopback and (host == "localhost" or is_loopback(host))
        if not (parts.scheme == "https" or (parts.scheme == "http" and here)):
            raise self._wrong(f"{self.whose}'s URL begins with https://.")
        if not here and not (is_public(host) if parsed_address(host) else _NAME.fullmatch(host)):
            raise self._wrong(f"{self.whose}'s URL names a host that can be reached from everywhere.")
        if not here and port is not None and port != _HTTPS_PORT and port < _FIRST_FREE_PORT:
            raise self._wrong(f"{self.whose}'s port is 443, or 1024 and above.")
        if not _PATH.fullmatch(parts.path + parts.query):
            raise self._wrong(f"In the path of {self.whose.lower()}'s URL this must be percent-encoded.")
        authority = f"[{host}]" if ":" in host else host
        query = f"?{parts.query}" if parts.query else ""
        return f"{parts.scheme}://{authority}{'' if port is None else f':{port}'}{parts.path or '/'}{query}"

    def _split(self, text: str) -> SplitResult:
        if len(text) > URL_MAX or not _URL.fullmatch(text):
            raise self._wrong(f"{self.whose}'s URL has up to {URL_MAX} printable ASCII characters and no spaces.")
        try:
            parts = urlsplit(text)
        except ValueError:
            raise self._wrong("This is not a URL.") from None
        if "@" in parts.netloc:
            raise self._wrong(f"{self.whose}'s URL holds no user and no password: {self.because}.")
        if "#" in text:
            raise self._wrong(f"{self.whose}'s URL has no fragment.")
        return parts

    def _host(self, parts: SplitResult) -> str:
        if not parts.hostname:
            raise self._wrong(f"{self.whose}'s URL names a host.")
        return parts.hostname.lower()

    def _port(self, parts: SplitResult) -> int | None:
        try:
            port = parts.port
        except ValueError:
            port = 0
        if port is not None and not 1 <= port <= _LAST_PORT:
            raise self._wrong("This is no port.")
        return port

    def _wrong(self, sentence: str) -> InvalidInput:
        return InvalidInput(sentence, field=(self.field,))
