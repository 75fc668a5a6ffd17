"""Connections to strangers: to public addresses only, and to the very ones that were looked at."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from typing import Final, final

import certifi
import httpcore

from app.domain.network import Network, is_loopback, is_public

_TRIED_ADDRESSES: Final = 3
_NAMES_AT_ONCE: Final = 64
_FAULTS: Final[Mapping[type[Exception], str]] = {
    httpcore.ReadError: "the connection was cut",
    httpcore.WriteError: "the connection was cut",
    httpcore.RemoteProtocolError: "it does not speak HTTP",
}

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a host and a port to the addresses that the name stands for; raises ``OSError``."""


class NotPublic(Exception):
    """A name leads to an address that is not open to the whole internet; nothing was connected to."""


class Unresolved(Exception):
    """A name has no address, as far as could be found out."""


@final
class SystemResolver:
    """Asks the system's resolver, in threads of its own that nobody waits for.

    A name server that never answers, which whoever chose the name may own, then holds up no other work of this process
    and not its end either. Those that were given up count until they have ended, so there are never more than so many.
    """

    def __init__(self, at_once: int = _NAMES_AT_ONCE) -> None:
        self._places = threading.Semaphore(at_once)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        if not self._places.acquire(blocking=False):
            raise OSError("too many names are being resolved")
        found: Future[Sequence[str]] = Future()
        found.set_running_or_notify_cancel()  # Who gives up waiting ends nothing.
        threading.Thread(target=self._resolve, args=(host, port, found), name="resolver", daemon=True).start()
        return await asyncio.wrap_future(found)

    def _resolve(self, host: str, port: int, found: "Future[Sequence[str]]") -> None:
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as fault:
            self._places.release()
            found.set_exception(fault)
        else:
            self._places.release()
            found.set_result(list(dict.fromkeys(str(entry[4][0]) for entry in entries)))


@final
@dataclass(frozen=True, slots=True)
class PublicNetwork(httpcore.AsyncNetworkBackend):
    """Connects to public addresses only, and to the very ones that were looked at.

    A name is resolved once; if but one of its addresses is not public, nothing is connected to, since a name of which
    one address is ours is an attempt to reach us by luck. TLS is still spoken with the name.
    """

    inner: httpcore.AsyncNetworkBackend
    resolve: Resolve
    loopback: bool
    denied: Collection[Network]

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises ``NotPublic`` where it must not be reached, and ``Unresolved`` where it has no address."""
        try:
            addresses = await self.resolve(host, port)
        except (OSError, UnicodeError):
            raise Unresolved from None
        if not addresses or not all(self._may_be_reached(address) for address in addresses):
            raise NotPublic
        *others, last = addresses[:_TRIED_ADDRESSES]
        for address in others:
            try:
                return await self.inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self.inner.connect_tcp(last, port, timeout, local_address, socket_options)

    def _may_be_reached(self, address: str) -> bool:
        return is_public(address, self.denied) or (self.loopback and is_loopback(address))


def plain(error: Exception) -> str:
    """Return what happened on the way, in words that tell nothing of our side of the network."""
    if isinstance(error.__cause__ or error.__context__ or error, ssl.SSLError):
        return "its certificate was not accepted, or TLS failed"
    return _FAULTS.get(type(error), "no connection")


@cache
def public_authorities() -> ssl.SSLContext:
    """Trust what the system trusts, and certifi's list where the system has none; reading both takes 80 ms."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
