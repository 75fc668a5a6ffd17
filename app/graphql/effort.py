"""How much of this process's time strangers may take, and that what is dear is done one after the other."""

import asyncio
import time
from collections.abc import Callable
from ipaddress import IPv4Address, ip_network
from typing import Final, final

from app.domain.network import parsed_address
from app.server.throttle import Buckets

_DOCUMENT_SECONDS: Final = 0.025
"""What the dearest document costs; whoever has less than this left waits."""


@final
class Effort(Buckets):
    """Seconds of processor time: each payer has one minute's worth at once, which comes back little by little.

    A payer is a network or a user. Time is taken after it was used, since only then is it known; so a payer may owe.
    """

    def __init__(self, seconds_per_minute: float, *, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(seconds_per_minute, enough=_DOCUMENT_SECONDS, now=now)
        self._turns = asyncio.Lock()

    async def turn(self) -> None:
        """Return when it is one's turn: between two of them everything else that waits in this process goes on."""
        async with self._turns:
            await asyncio.sleep(0)


def network_of(address: str) -> str:
    """Return the network of an address as ``address_of`` gives it: of IPv4 the /24, of IPv6 the /64 that it is."""
    found = parsed_address(address)
    return str(ip_network((found, 24), strict=False)) if isinstance(found, IPv4Address) else address
