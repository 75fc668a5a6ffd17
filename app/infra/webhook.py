"""The port ``WebhookSender``: HTTP to receivers that users choose, kept away from all that is not public."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final, final
from urllib.parse import urlsplit

import certifi
import httpcore
from standardwebhooks import Webhook

from app.domain.errors import InvalidInput, NotificationError, WebhookGone
from app.domain.network import Network, is_loopback, is_public
from app.domain.webhook import WebhookMessage, checked_webhook_url

_ANSWER_MAX: Final = 64 * 1024
_TRIED_ADDRESSES: Final = 3
_NOT_PUBLIC: Final = "This webhook leads to an address that is not open to the whole internet, so nothing was sent."
_PHRASES: Final = {one.value: one.phrase for one in HTTPStatus}
_FAULTS: Final[Mapping[type[Exception], str]] = {
    httpcore.ReadError: "the connection was cut",
    httpcore.WriteError: "the connection was cut",
    httpcore.RemoteProtocolError: "it does not speak HTTP",
}
_PORTS: Final = {"http": 80, "https": 443}

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a host and a port to the addresses that the name stands for; raises ``OSError``."""


def _utc() -> datetime:
    return datetime.now(UTC)


async def system_addresses(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver, once."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@final
class PublicNetwork(httpcore.AsyncNetworkBackend):
    """Connects to public addresses only, and to the very ones that were looked at.

    A name is resolved once; if but one of its addresses is not public, nothing is connected to, since a name of which
    one address is ours is an attempt to reach us by luck. TLS is still spoken with the name.
    """

    def __init__(
        self, inner: httpcore.AsyncNetworkBackend, resolve: Resolve, *, loopback: bool, denied: Collection[Network]
    ) -> None:
        self._inner = inner
        self._resolve = resolve
        self._loopback = loopback
        self._denied = denied

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises ``NotificationError`` where it must not be reached or has no address."""
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError):
            raise NotificationError("The name of this webhook's host could not be resolved.") from None
        if not addresses or not all(self._may_be_reached(address) for address in addresses):
            raise NotificationError(_NOT_PUBLIC, permanent=True)
        *others, last = addresses[:_TRIED_ADDRESSES]
        for address in others:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(last, port, timeout, local_address, socket_options)

    async def connect_unix_socket(self, *_arguments: object, **_options: object) -> httpcore.AsyncNetworkStream:
        """Never: a socket of this machine is nobody's webhook."""
        raise NotificationError(_NOT_PUBLIC, permanent=True)

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)

    def _may_be_reached(self, address: str) -> bool:
        return is_public(address, self._denied) or (self._loopback and is_loopback(address))


@final
class HttpWebhooks:
    """Posts one message a connection, signed by the Standard Webhooks specification 1.0.0.

    Redirects are not followed, nothing of an answer is kept but its status, and of its body at most 64 KiB are read.
    All of it, resolving included, takes ``whole_seconds`` at most. ``loopback`` lets receivers be on this very machine,
    for development; ``denied`` are networks of the operator's that are public all the same.
    """

    def __init__(
        self,
        *,
        loopback: bool = False,
        denied: Collection[Network] = (),
        whole_seconds: float = 15.0,
        trusted: ssl.SSLContext | None = None,
        resolve: Resolve = system_addresses,
        network: httpcore.AsyncNetworkBackend | None = None,
        now: Callable[[], datetime] = _utc,
    ) -> None:
        self._loopback = loopback
        self._whole_seconds = whole_seconds
        self._trusted = trusted or _public_authorities()
        self._now = now
        self._network = PublicNetwork(
            network or httpcore.AnyIOBackend(), resolve, loopback=loopback, denied=frozenset(denied)
        )

    async def send(self, message: WebhookMessage) -> str:
        """Give the status with which the receiver took it, 200 to 299.

        :raises NotificationError: with what is wrong; permanent where the address must not be reached
        :raises WebhookGone: where the receiver answers 410
        """
        request = self._request(message)
        try:
            async with asyncio.timeout(self._whole_seconds):
                status = await self._post(request)
        except (TimeoutError, httpcore.TimeoutException):
            raise NotificationError(f"The receiver took longer than {self._whole_seconds:g} seconds.") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise NotificationError(f"The receiver could not be talked to: {_plain(error)}.") from error
        return _judged(status)

    async def _post(self, request: httpcore.Request) -> int:
        # A pool of its own for each post: the next one looks at the addresses again.
        async with httpcore.AsyncConnectionPool(
            ssl_context=self._trusted, max_keepalive_connections=0, network_backend=self._network
        ) as pool:
            response = await pool.handle_async_request(request)
            try:
                await _read(response)
            finally:
                await response.aclose()
            return response.status

    def _request(self, message: WebhookMessage) -> httpcore.Request:
        try:
            parts = urlsplit(checked_webhook_url(message.url, loopback=self._loopback))
        except InvalidInput as error:
            raise NotificationError(error.message, permanent=True) from None
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        body = message.body.encode()
        headers = {
            "Host": parts.netloc,
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "User-Agent": "FIAPX-Webhooks/1.0",
            "Connection": "close",
            **self._signed(message),
        }
        url = httpcore.URL(scheme=parts.scheme, host=host, port=port, target=target)
        extensions = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), self._whole_seconds)}
        return httpcore.Request("POST", url, headers=list(headers.items()), content=body, extensions=extensions)

    def _signed(self, message: WebhookMessage) -> dict[str, str]:
        now = self._now()
        signatures = [Webhook(secret).sign(message.id, now, message.body) for secret in message.secrets]
        return {
            "webhook-id": message.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }


async def _read(response: httpcore.Response) -> None:
    """Let the receiver finish its answer, if that is short."""
    seen = 0
    async for chunk in response.aiter_stream():
        seen += len(chunk)
        if seen >= _ANSWER_MAX:
            return


def _judged(status: int) -> str:
    """Give what is written down of a status; raises ``NotificationError`` for all but success."""
    answer = f"HTTP {status} {_PHRASES.get(status, '')}".strip()
    if status == HTTPStatus.GONE:
        raise WebhookGone(answer)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        raise NotificationError(f"{answer} (redirects are not followed)")
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise NotificationError(answer)
    return answer


def _plain(error: Exception) -> str:
    """Say what happened, in words that tell nothing of our side of the network."""
    if isinstance(error.__cause__ or error.__context__ or error, ssl.SSLError):
        return "its certificate was not accepted, or TLS failed"
    return _FAULTS.get(type(error), "no connection")


def _public_authorities() -> ssl.SSLContext:
    """Trust what the system trusts, and certifi's list where the system has none."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
