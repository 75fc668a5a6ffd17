"""HTTP/1.1 and WebSocket connections as uvicorn serves them, with the bounds that it does not set.

uvicorn's parser keeps whatever comes before a body for as long as it comes, its timers begin with the first answer, and
its WebSockets take any number of frames. What is overridden here, tests/server/test_uvicorn_signatures.py holds.
"""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, Final, cast, final
from urllib.parse import urlsplit

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from app.server.connections import Connection, Connections
from app.server.problem_types import FULL_HOUSE, HEAD_TOO_LARGE, HEAD_TOO_LATE, MALFORMED, ProblemType
from app.server.problems import problem
from app.server.throttle import HEALTH, TokenBuckets
from app.settings import ServerSettings

_PIPELINED: Final = 8
"""So many requests may wait behind the one that is answered (RFC 9112, section 9.3.2); who sends more is cut off."""
_LINGER_SECONDS: Final = 2.0
_LINGER_BYTES: Final = 1024**2
"""After a refusal so much is still read over, so that its client sees the answer and no reset."""
_FRAMES_PER_MINUTE: Final = 1200
"""By one socket, control frames and pieces of messages too."""
_TOO_MANY: Final = 4429


class _Refused(Exception):
    """Raised out of the parser's callbacks: what comes is not looked at any more."""


@final
class BoundedHttp(HttpToolsProtocol):
    """One connection. A head comes in time and is no larger than allowed; so is all else that is no body."""

    def __init__(self, *args: Any, connections: Connections, settings: ServerSettings, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._connections = connections
        self._settings = settings
        self._in_head = True
        """Whether what comes is the next request's head, if anything comes."""
        self._unframed = 0
        """Bytes that came since the last body's, or since the last request's end: a head, or trailers."""
        self._running: RequestResponseCycle | None = None
        self._head_timer: asyncio.TimerHandle | None = None
        self._lingered: int | None = None
        """How many bytes came after a refusal, once there was one."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # As uvicorn narrows it.
        super().connection_made(transport)
        self._connection: Connection = self._connections.opened(self.client[0] if self.client else "", transport.close)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.gone()
        self._head_has_come()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        while data and not self.transport.is_closing():
            if self._lingered is not None:
                self._linger(len(data))
                return
            if self._head_timer is None and self._in_head:
                self._await_head()
            piece, data = data[: self._room()], data[self._room() :]
            self._unframed += len(piece)
            try:
                self.parser.feed_data(piece)
            except httptools.HttpParserUpgrade:
                self._upgrade()
                return
            except httptools.HttpParserError as error:
                if not isinstance(error.__context__, _Refused):
                    self._refuse(MALFORMED, "This is not HTTP/1.1 as RFC 9112 has it.")
            if self._room() == 0:
                limit = f"{self._settings.max_head_bytes // 1024} KiB"
                self._refuse(HEAD_TOO_LARGE, f"A request's head may have {limit}.")

    # The parser's callbacks.

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # What follows a body (trailers; RFC 9110, section 6.5.1) is never taken for a part of it.
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._head_has_come()
        self._in_head = False
        self._unframed = 0
        self._connection.busy()
        if len(self.pipeline) >= _PIPELINED:
            self.transport.abort()
            raise _Refused
        self._use_the_targets_host()
        if self._connection.spare and httptools.parse_url(self.url).path not in HEALTH:
            detail = "Too many connections are open; try again in a moment."
            self._refuse(FULL_HOUSE, detail, {"Retry-After": "5"})
            raise _Refused
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unframed = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unframed = 0
        self._in_head = True
        super().on_message_complete()

    # The requests' lives.

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.pipeline and self._running is not None and self._running.response_complete:
            self._connection.waits()

    def _upgrade(self) -> None:
        if not self._should_upgrade():
            self._unsupported_upgrade_warning()
        elif self._connection.spare or self._answering:
            self.transport.abort()
        else:
            self.ws_protocol_class = cast("Any", partial(BoundedWebSocket, connection=self._connection))
            self.handle_websocket_upgrade()

    @property
    def _answering(self) -> bool:
        return self._running is not None and not self._running.response_complete

    # A head's time and size.

    def _room(self) -> int:
        return max(0, self._settings.max_head_bytes - self._unframed)

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self._settings.head_seconds, self._head_is_late)

    def _head_has_come(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self._answering:  # It may be longer in coming than the answer before it.
            self._await_head()
        elif not self._unframed:
            self._connections.refused("head")
            self.transport.close()
        else:
            seconds = f"{self._settings.head_seconds:g} s"
            self._refuse(HEAD_TOO_LATE, f"A request's head must come within {seconds}.")

    def _use_the_targets_host(self) -> None:
        """Take the host out of an absolute target and none other, as RFC 9112, section 3.2.2, says."""
        if not self.url.startswith((b"/", b"*")) and (authority := urlsplit(self.url).netloc):
            self.headers[:] = [(name, authority if name == b"host" else value) for name, value in self.headers]

    # The end of a connection that asks for too much.

    def _refuse(self, kind: ProblemType, detail: str, headers: Mapping[str, str] | None = None) -> None:
        """Answer so, where no other answer is under way, and read on for a moment."""
        self._head_has_come()
        self._connections.refused("connections" if self._connection.spare else "head")
        if self._answering:
            self.transport.abort()
            return
        status = kind.status
        response = problem(status, kind.code, status.phrase, detail, headers=headers)
        fields = [*self.server_state.default_headers, *response.raw_headers, (b"connection", b"close")]
        lines = b"".join(b"%s: %s\r\n" % field for field in fields)
        self.transport.write(STATUS_LINE[status] + lines + b"\r\n" + bytes(response.body))
        self.transport.write_eof()
        self._lingered = 0
        self._connection.waits()
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)

    def _linger(self, size: int) -> None:
        self._lingered = (self._lingered or 0) + size
        if self._lingered > _LINGER_BYTES:
            self.transport.close()


@final
class BoundedWebSocket(WebSocketsSansIOProtocol):
    """One WebSocket, which sends no more frames of any kind than a client has a use for."""

    def __init__(self, *args: Any, connection: Connection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._connection = connection
        self._frames = TokenBuckets(_FRAMES_PER_MINUTE, now=self.loop.time)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.gone()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End it with the server, unless its client just ends it: uvicorn would break off its own end there."""
        if not self.transport.is_closing():
            super().shutdown()

    def handle_cont(self, event: Frame) -> None:
        if self._within_the_rate():
            super().handle_cont(event)

    def handle_text(self, event: Frame) -> None:
        if self._within_the_rate():
            super().handle_text(event)

    def handle_bytes(self, event: Frame) -> None:
        if self._within_the_rate():
            super().handle_bytes(event)

    def handle_ping(self) -> None:
        if self._within_the_rate():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        if self._within_the_rate():
            super().handle_pong(event)

    def _within_the_rate(self) -> bool:
        """Count a frame; one too many is the end of its socket, and nothing after it is looked at."""
        if self.close_sent:
            return False
        if not self._frames.spend(""):
            return True
        self.stop_keepalive()
        self.conn.data_to_send()  # Answers to pings, which nobody waits for.
        self.conn.fail(_TOO_MANY, "Too many messages")
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.write_eof()
        self.close_sent = self.disconnected = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": _TOO_MANY})
        self.close_timer = self.loop.call_later(_LINGER_SECONDS, self.transport.close)
        return False
