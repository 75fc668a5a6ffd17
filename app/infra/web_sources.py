"""Films behind links of the web: from public addresses only, and gone on with where their server can."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from email.message import Message
from http import HTTPStatus
from http.client import responses
from typing import Final, final
from urllib.parse import urljoin, urlsplit

import httpcore

from app.domain.errors import InvalidInput
from app.domain.failure import ImportFailure, ImportFailureCode
from app.domain.network import Network
from app.domain.video_import import LinkFault, checked_link
from app.infra.public_network import (
    NotPublic,
    PublicNetwork,
    Resolve,
    SystemResolver,
    Unresolved,
    plain,
    public_authorities,
)
from app.usecases.ports.import_sources import SourceAnswer

REDIRECTS: Final = 5
_REDIRECTED: Final = frozenset({301, 302, 303, 307, 308})
_COME_AGAIN: Final = frozenset({408, 425, 429})
_ANSWER_SECONDS: Final = 30.0
"""For each answer's head, the resolving of its name included."""
_SILENT_SECONDS: Final = 30.0
"""A server that sends nothing for so long, in the midst of a file, has broken off."""
_VALIDATOR_MAX: Final = 255
_NAME_MAX: Final = 1024
_RANGE: Final = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
_LENGTH: Final = re.compile(r"\d{1,18}")


@final
class WebSources:
    """Asks for one file a connection (RFC 9110), from the byte on that is wanted, and only for what is still the same.

    A redirect is followed, five times at most, where it leads to what could be imported directly: its URL keeps the
    same rules, and its name is looked up and its address looked at anew. ``loopback`` lets links be on this very
    machine, for development; ``denied`` are networks of the operator's that are public all the same.
    """

    def __init__(
        self,
        *,
        loopback: bool = False,
        denied: Collection[Network] = (),
        silent_seconds: float = _SILENT_SECONDS,
        trusted: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
        network: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._loopback = loopback
        self._silent_seconds = silent_seconds
        self._trusted = trusted
        self._network = PublicNetwork(
            network or httpcore.AnyIOBackend(), resolve or SystemResolver(), loopback=loopback, denied=frozenset(denied)
        )

    @asynccontextmanager
    async def open(self, link: str, start: int = 0, validator: str | None = None) -> AsyncIterator[SourceAnswer]:
        """See the port."""
        async with AsyncExitStack() as exits:
            with _told():
                found, response = await self._answered(exits, link, start, validator)
            yield replace(_answer(_Head(response), start, validator, _chunks(response)), link=found)

    async def _answered(
        self, exits: AsyncExitStack, link: str, start: int, validator: str | None
    ) -> tuple[str, httpcore.Response]:
        """Return the answer at the end of all redirects, and whose it is; whatever is open closes with ``exits``."""
        for _ in range(REDIRECTS + 1):
            hop = AsyncExitStack()
            exits.push_async_exit(hop)
            async with asyncio.timeout(_ANSWER_SECONDS):
                response = await self._get(hop, self._allowed(link), start, validator)
            location = _Head(response)["location"]
            if response.status not in _REDIRECTED or not location:
                return link, response
            await hop.aclose()
            link = _resolved(link, location)
        raise _refused(f"The server behind this link redirects more than {REDIRECTS} times.")

    def _allowed(self, link: str) -> str:
        try:
            return checked_link(link, (), loopback=self._loopback)
        except InvalidInput as wrong:
            sentence = f"This link is redirected to a place from which nothing is fetched. {wrong.message}"
            raise LinkFault(ImportFailure(ImportFailureCode.LINK_NOT_PUBLIC, sentence)) from None

    async def _get(self, hop: AsyncExitStack, link: str, start: int, validator: str | None) -> httpcore.Response:
        to = urlsplit(link)
        headers = {
            "Host": to.netloc,
            "User-Agent": "FIAPX-Imports/1.0",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        if start and validator:
            headers |= {"Range": f"bytes={start}-", "If-Range": validator}
        # A pool of its own for each answer: the next one looks at the addresses again.
        pool = await hop.enter_async_context(
            httpcore.AsyncConnectionPool(
                ssl_context=self._trusted or public_authorities(),
                max_keepalive_connections=0,
                network_backend=self._network,
            )
        )
        target = f"{to.path}?{to.query}" if to.query else to.path
        seconds = dict.fromkeys(("connect", "read", "write", "pool"), self._silent_seconds)
        return await hop.enter_async_context(
            pool.stream(
                "GET",
                httpcore.URL(scheme=to.scheme, host=to.hostname or "", port=to.port, target=target),
                headers=list(headers.items()),
                extensions={"timeout": seconds},
            )
        )


@final
class _Head:
    """The status of an answer, and its headers by their names in lower case; '' for one that is not there."""

    def __init__(self, response: httpcore.Response) -> None:
        self.status = response.status
        self._values = {name.lower(): value for name, value in response.headers}

    def __getitem__(self, name: str) -> str:
        value = self._values.get(name.encode(), b"")
        try:
            return value.decode().strip()
        except UnicodeDecodeError:
            return value.decode("latin-1").strip()

    @property
    def validator(self) -> str | None:
        """What may stand in If-Range (RFC 9110, section 13.1.5): a strong ETag, else when it was last modified."""
        etag = self["etag"]
        found = etag if etag.startswith('"') else self["last-modified"]
        return found if 0 < len(found) <= _VALIDATOR_MAX and found.isascii() else None

    @property
    def length(self) -> int | None:
        """How many bytes the body has, where that is said."""
        chunked = self["transfer-encoding"]
        return int(self["content-length"]) if not chunked and _LENGTH.fullmatch(self["content-length"]) else None

    @property
    def file_name(self) -> str | None:
        """What Content-Disposition (RFC 6266) calls it."""
        said = self["content-disposition"]
        if not said or len(said) > _NAME_MAX:
            return None
        message = Message()
        try:
            message["Content-Disposition"] = said
            return message.get_filename()
        except (LookupError, ValueError):  # A UnicodeError is one. Who writes it may be anybody.
            return None


def _resolved(link: str, location: str) -> str:
    """Return where a redirect leads; what cannot be read leads to itself, which is refused as no link of ours."""
    try:
        return urljoin(link, location).partition("#")[0]
    except ValueError:
        return location


def _answer(head: _Head, start: int, validator: str | None, chunks: AsyncIterator[bytes]) -> SourceAnswer:
    """Return what an answer brings; raises ``LinkFault`` where that is no file, or not the one that was asked for."""
    if (
        start
        and head.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        and head["content-range"] == f"bytes */{start}"
    ):
        return SourceAnswer("", start, start, validator, None, _nothing())  # It ends where we are.
    if start and head.status in {HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, HTTPStatus.PRECONDITION_FAILED}:
        raise _changed()
    _check_status(head.status)
    if (packed := head["content-encoding"].lower()) not in {"", "identity"}:
        raise _refused(f"The server behind this link sends the file packed ({packed[:40]}), which it was asked not to.")
    if start and head.validator not in {None, validator}:
        raise _changed()
    if head.status == HTTPStatus.PARTIAL_CONTENT:
        found = _RANGE.fullmatch(head["content-range"])
        if not start or found is None or int(found[1]) != start:
            raise _refused("The server behind this link sends another part of the file than it was asked for.")
        total = None if found[3] == "*" else int(found[3])
        return SourceAnswer("", start, total, head.validator or validator, head.file_name, chunks)
    if start and head.validator is None:
        raise _changed()
    return SourceAnswer("", 0, head.length, head.validator, head.file_name, chunks)


def _check_status(status: int) -> None:
    if status in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
        return
    named = f"HTTP {status} {responses.get(status, '')}".strip()
    if status in _COME_AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise _unreachable(f"The server behind this link answers {named}.")
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise _refused(f"The server behind this link gives the file only to people it knows ({named}).")
    raise _refused(f"The server behind this link gives no file ({named}).")


async def _nothing() -> AsyncIterator[bytes]:
    none: tuple[bytes, ...] = ()
    for chunk in none:
        yield chunk


async def _chunks(response: httpcore.Response) -> AsyncIterator[bytes]:
    with _told():
        try:
            async for chunk in response.aiter_stream():
                yield chunk
        except httpcore.RemoteProtocolError:  # As where it ends before it is whole.
            raise _unreachable("The connection to the server behind this link was cut.") from None


@contextmanager
def _told() -> Iterator[None]:
    """Raise ``LinkFault`` for what goes wrong on the way."""
    try:
        yield
    except NotPublic:
        raise LinkFault(ImportFailure.of(ImportFailureCode.LINK_NOT_PUBLIC)) from None
    except Unresolved:
        raise _unreachable("The name of the server behind this link could not be resolved.") from None
    except (TimeoutError, httpcore.TimeoutException):
        raise _unreachable("The server behind this link said nothing for too long.") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
        raise _unreachable(f"The server behind this link could not be talked to: {plain(error)}.") from error


def _refused(sentence: str) -> LinkFault:
    return LinkFault(ImportFailure(ImportFailureCode.LINK_REFUSED, sentence))


def _unreachable(sentence: str) -> LinkFault:
    return LinkFault(ImportFailure(ImportFailureCode.LINK_UNREACHABLE, sentence), passing=True)


def _changed() -> LinkFault:
    return LinkFault(ImportFailure.of(ImportFailureCode.LINK_CHANGED))
