"""How uvicorn serves us: what decides on the wire what a hostile client can do."""

import asyncio
import gc
import signal
import socket
from functools import partial
from types import FrameType
from typing import Any, Final, final

import structlog
import uvicorn

from app.server.protocol import BoundedHttp
from app.server.self_watch import SelfWatch
from app.server.serving import Serving

_log = structlog.stdlib.get_logger(__name__)

_MESSAGE_BYTES: Final = 64 * 1024
"""The largest WebSocket message; a larger one ends its socket with 1009 before it is read."""

GRACE_SECONDS: Final = 5
"""What is under way when the server ends has so long."""

_KEEP_ALIVE_SECONDS: Final = 75
"""Longer than load balancers keep an idle connection (60 s), or a request of theirs could meet its end."""


def uvicorn_options(serving: Serving) -> dict[str, Any]:
    """Return the options of ``uvicorn.Config`` that do not depend on where it runs."""
    settings = serving.settings
    return {
        "http": partial(BoundedHttp, connections=serving.connections, settings=settings),
        "lifespan": "on",
        "ws": "websockets-sansio",
        "ws_max_size": _MESSAGE_BYTES,
        "ws_ping_interval": settings.socket_ping_seconds,
        "ws_ping_timeout": settings.socket_ping_seconds,
        "ws_per_message_deflate": False,
        "log_config": None,
        "access_log": False,
        "timeout_keep_alive": _KEEP_ALIVE_SECONDS,
        "proxy_headers": False,
        "server_header": False,
    }


@final
class DrainingServer(uvicorn.Server):
    """uvicorn's, which drains after its first SIGTERM; any other signal ends it as ever.

    Whom the end meets in the middle of an upload is told so. Where it takes no connections any more, ``deaf`` is set
    and it ends, for whoever runs it to start it again.
    """

    def __init__(self, config: uvicorn.Config, serving: Serving, watch: SelfWatch | None = None) -> None:
        super().__init__(config)
        self.deaf = False
        self._drain = serving.drain
        self._uploads = serving.uploads
        self._watch = watch or SelfWatch()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig != signal.SIGTERM or not self._drain.begin():
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        drained = self._drain.over or (self._drain.refusing and not len(self._uploads))
        self.should_exit = self.should_exit or drained
        return await super().on_tick(counter)

    async def main_loop(self) -> None:
        watching = asyncio.create_task(self._watch.until_deaf(*_reached_at(self.servers[0].sockets[0])))
        watching.add_done_callback(self._give_up)
        try:
            await super().main_loop()
        finally:
            watching.cancel()

    def _give_up(self, watching: asyncio.Task[None]) -> None:
        if not watching.cancelled():
            _log.critical("no connection is taken any more: this process ends", fault=repr(watching.exception()))
            self.deaf = self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._uploads.end(grace_seconds=GRACE_SECONDS / 2)
        await super().shutdown(sockets)


def _reached_at(listener: socket.socket) -> tuple[str, int]:
    """Return where a process on this machine reaches what listens here, be it on all addresses."""
    host, port = listener.getsockname()[:2]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port  # noqa: S104 - nothing is bound to it here


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
