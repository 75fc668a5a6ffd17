"""Connections to strangers: to public addresses only, and to the very ones that were looked at."""

import asyncio
import contextlib
import socket
import threading
from asyncio import Future
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, final

import httpcore

from app.domain.errors import NotificationError
from app.domain.network import Network, is_loopback, is_public

_TRIED_ADDRESSES: Final = 3
_NAMES_AT_ONCE: Final = 64
_NOT_PUBLIC: Final = "This webhook leads to an address that is not open to the whole internet, so nothing was sent."

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a host and a port to the addresses that the name stands for; raises ``OSError``."""


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
        loop = asyncio.get_running_loop()
        found: Future[Sequence[str]] = loop.create_future()

        def tell(addresses: Sequence[str], fault: Exception | None) -> None:
            if found.done():
                return  # It took too long.
            if fault is not None:
                found.set_exception(fault)
            else:
                found.set_result(addresses)

        def resolve() -> None:
            addresses, fault = _addresses(host, port)
            self._places.release()
            with contextlib.suppress(RuntimeError):  # The loop has ended meanwhile.
                loop.call_soon_threadsafe(tell, addresses, fault)

        threading.Thread(target=resolve, name="resolver", daemon=True).start()
        return await found


def _addresses(host: str, port: int) -> tuple[Sequence[str], Exception | None]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as fault:
        return (), fault
    return list(dict.fromkeys(str(entry[4][0]) for entry in found)), None


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
        """Raises ``NotificationError`` where it must not be reached or has no address."""
        try:
            addresses = await self.resolve(host, port)
        except (OSError, UnicodeError):
            raise NotificationError("The name of this webhook's host could not be resolved.") from None
        if not addresses or not all(self._may_be_reached(address) for address in addresses):
            raise NotificationError(_NOT_PUBLIC, permanent=True)
        *others, last = addresses[:_TRIED_ADDRESSES]
        for address in others:
            try:
                return await self.inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self.inner.connect_tcp(last, port, timeout, local_address, socket_options)

    async def connect_unix_socket(self, *_arguments: object, **_options: object) -> httpcore.AsyncNetworkStream:
        """Never: a socket of this machine is nobody's webhook."""
        raise NotificationError(_NOT_PUBLIC, permanent=True)

    async def sleep(self, seconds: float) -> None:
        await self.inner.sleep(seconds)

    def _may_be_reached(self, address: str) -> bool:
        return is_public(address, self.denied) or (self.loopback and is_loopback(address))
