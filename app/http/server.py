"""How uvicorn serves us: what decides on the wire what a hostile client can do."""

import gc
import socket
from typing import Any, Final

from app.http.policy import Policy

_MESSAGE_BYTES: Final = 64 * 1024
"""The largest WebSocket message; a larger one ends its socket with 1009 before it is read."""


def uvicorn_options(policy: Policy) -> dict[str, Any]:
    """Give the options of ``uvicorn.Config`` that do not depend on where it runs."""
    return {
        "lifespan": "on",
        "ws": "websockets-sansio",
        "ws_max_size": _MESSAGE_BYTES,
        "ws_ping_interval": policy.socket_ping_seconds,
        "ws_ping_timeout": policy.socket_ping_seconds,
        "ws_per_message_deflate": False,
        "log_config": None,
        "access_log": False,
        "proxy_headers": False,
        "server_header": False,
    }


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
    the start is never walked over again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
