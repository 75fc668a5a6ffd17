"""How uvicorn serves us: what decides on the wire what a hostile client can do."""

import gc
import signal
import socket
from functools import partial
from time import monotonic
from types import FrameType
from typing import Any, Final, final

import uvicorn

from app.http.connections import Connections
from app.http.policy import Policy
from app.http.protocol import BoundedHttp

_MESSAGE_BYTES: Final = 64 * 1024
"""The largest WebSocket message; a larger one ends its socket with 1009 before it is read."""

_KEEP_ALIVE_SECONDS: Final = 75
"""Longer than load balancers keep an idle connection (60 s), or a request of theirs could meet its end."""


def uvicorn_options(policy: Policy, connections: Connections) -> dict[str, Any]:
    """Give the options of ``uvicorn.Config`` that do not depend on where it runs."""
    return {
        "http": partial(BoundedHttp, connections=connections, policy=policy),
        "lifespan": "on",
        "ws": "websockets-sansio",
        "ws_max_size": _MESSAGE_BYTES,
        "ws_ping_interval": policy.socket_ping_seconds,
        "ws_ping_timeout": policy.socket_ping_seconds,
        "ws_per_message_deflate": False,
        "log_config": None,
        "access_log": False,
        "timeout_keep_alive": _KEEP_ALIVE_SECONDS,
        "proxy_headers": False,
        "server_header": False,
    }


@final
class Drain:
    """The time between being told to end and ending: who routes requests to us shall notice first."""

    def __init__(self, seconds: float = 0) -> None:
        self._seconds = seconds
        self._over_at: float | None = None

    def begin(self) -> bool:
        """Begin, unless it has begun or takes no time: then give False."""
        if self._seconds <= 0 or self.active:
            return False
        self._over_at = monotonic() + self._seconds
        return True

    @property
    def active(self) -> bool:
        """Whether nothing new should be sent here."""
        return self._over_at is not None

    @property
    def over(self) -> bool:
        return self._over_at is not None and monotonic() >= self._over_at


@final
class DrainingServer(uvicorn.Server):
    """uvicorn's, which goes on serving for a while after its first SIGTERM; any other signal ends it as ever."""

    def __init__(self, config: uvicorn.Config, drain: Drain) -> None:
        super().__init__(config)
        self._drain = drain

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig != signal.SIGTERM or not self._drain.begin():
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        self.should_exit = self.should_exit or self._drain.over
        return await super().on_tick(counter)


def drop_stalled_clients(listener: socket.socket, seconds: float) -> None:
    """Let the system cut each connection to this listener whose client takes nothing for so long (RFC 5482).

    uvicorn closes such a one only after all that was written has been taken, which would be never. Where a system
    does not know the option its own time-out of many minutes decides.
    """
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))


def collect_less_often() -> None:
    """Keep the garbage collector from walking over thousands of idle sockets while their events wait.

    Nearly all that we make is freed by its count of references, so cycles may gather for longer; what was loaded at
    the start is never walked over again. All is walked over once a million objects more are alive than were before:
    that is some hundred MiB, and the most that strangers can make of circles that nobody else frees.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 5, 4)
