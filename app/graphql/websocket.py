"""graphql-transport-ws (Denis Badurina's protocol), where Strawberry's handler needs more care."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import ExitStack, suppress
from math import ceil
from typing import Any, Final, cast

from graphql import GraphQLError
from starlette.websockets import WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.types import ExecutionResult

from app.domain.errors import RateLimited
from app.graphql.codes import LIMIT_EXCEEDED
from app.graphql.context import Context
from app.graphql.masking import public_error, public_errors
from app.graphql.shared_answers import EncodedOnce
from app.graphql.strawberry_insides import (
    ConnectionInitMessage,
    Message,
    StreamResult,
    SubscribeMessage,
    TransportHandler,
    WebSocketDisconnected,
)
from app.server.concurrency import ConcurrencyLimit, TooMany
from app.server.services import session_over
from app.server.throttle import TokenBuckets
from app.settings import Settings
from app.usecases.ports.database import DatabaseUnavailable

MALFORMED: Final = 4400
FORBIDDEN: Final = 4403
"""There is no session, or it is over; clients take 4401 for a mistake of their program and never come back."""
TOO_MANY: Final = 4429
TRY_AGAIN: Final = 1013
"""Of the registry of RFC 6455: clients come back after a while."""


class TextWebSocket(ASGIWebSocketAdapter):
    """Strawberry's, which can also send what was encoded before, and be closed more than once."""

    @property
    def closed(self) -> bool:
        """Whether we have said goodbye; what was on its way to us still arrives."""
        return self.ws.application_state is WebSocketState.DISCONNECTED

    async def close(self, code: int, reason: str) -> None:
        if not self.closed:
            await super().close(code, reason)

    async def send_text(self, text: str) -> None:
        try:
            await self.ws.send_text(text)
        except WebSocketDisconnect:
            raise WebSocketDisconnected from None


class TransportWebSocket(TransportHandler[Context]):
    """One socket: malformed messages end it with 4400, a wrong operation only itself, the end of its session all.

    What a client that takes nothing would have been sent is the latest state of each video and no more, and the server
    drops it in the end. Mutations go by HTTP, where each is a request of its own to whoever looks on.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        view: Any = self.view
        self._settings: Settings = view.settings
        self._sockets: ConcurrencyLimit = view.sockets
        self._buckets: TokenBuckets = view.buckets
        self._messages: TokenBuckets = view.messages
        self._held = ExitStack()
        self._watchdog: asyncio.Task[None] | None = None

    async def handle(self) -> None:
        """Talk until one side ends it."""
        try:
            with self._held:
                self._held.enter_context(
                    self._sockets.acquire(self.context.address, self._settings.max_sockets_per_address)
                )
                with self.context.metrics.sockets.track_inprogress():
                    await super().handle()
        except TooMany:
            await self._turn_away("sockets")

    async def handle_message(self, message: Message) -> None:
        """Count a message, whatever it is, and look at its shape, before anything is done with it."""
        if cast("TextWebSocket", self.websocket).closed:
            return
        if self._messages.spend(self.context.address):
            await self._turn_away("messages")
            return
        if not isinstance(cast("object", message), dict) or not _well_formed(cast("dict[str, Any]", message)):
            await self.handle_invalid_message("")
            return
        await super().handle_message(message)

    async def handle_invalid_message(self, error_message: str) -> None:  # noqa: ARG002 - Strawberry's signature
        """Close in our own words: Strawberry repeats the client's, which need not fit into a close frame."""
        await self.websocket.close(MALFORMED, "Malformed message")

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        """Open the session, and see to it that the socket ends with it."""
        try:
            await super().handle_connection_init(message)
        except (RateLimited, DatabaseUnavailable):  # Of a key, which is looked up and counted.
            await self.websocket.close(TRY_AGAIN, "Try again later")
            return
        if not self.connection_acknowledged or self._watchdog is not None:
            return
        try:
            self._held.enter_context(
                self._sockets.acquire(self.context.whoever.id, self._settings.max_sockets_per_user)
            )
        except TooMany:
            await self._turn_away("sockets")
            return
        self._watchdog = asyncio.create_task(self._end_with_the_session())

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """Run one operation more, up to the limits; to its network it counts as a request like any other."""
        if self.connection_acknowledged and (refused := await self._limit_error(message)):
            await self.send_message({"id": message["id"], "type": "error", "payload": [refused.formatted]})
            return
        await super().handle_subscribe(message)

    async def _limit_error(self, message: SubscribeMessage) -> GraphQLError | None:
        """Return why one more operation is too much, where it is."""
        if wait := self._buckets.spend(self.context.address):
            self.context.metrics.rejected.labels("network").inc()
            return _rate_limited(RateLimited(retry_after_seconds=ceil(wait)))
        limit = self._settings.max_subscriptions_per_socket
        if message["id"] not in self.operations and len(self.operations) >= limit:
            return GraphQLError(f"A socket may have {limit} operations at once.", extensions={"code": LIMIT_EXCEEDED})
        try:
            await self.context.count_for_key()
            await self.context.afford(message["payload"]["query"])
        except RateLimited as error:
            return _rate_limited(error)
        return None

    async def _turn_away(self, too_many: str) -> None:
        self.context.metrics.rejected.labels(too_many).inc()
        await self.websocket.close(TOO_MANY, f"Too many {too_many}")

    async def unsent(self, operation_id: str, results: StreamResult) -> AsyncGenerator[Any, None]:
        """Send each result in the text that was made of it for others too, where there is one; yield the others."""
        async for result in results:
            data = result.data if isinstance(result, ExecutionResult) and not result.errors else None
            if isinstance(data, EncodedOnce):
                text = f'{{"id":{json.dumps(operation_id)},"type":"next","payload":{{"data":{data.text}}}}}'
                await cast("TextWebSocket", self.websocket).send_text(text)
            else:
                if isinstance(result, ExecutionResult):
                    result.errors = public_errors(result.errors)
                yield result

    def told(self, error: Exception) -> GraphQLError:
        """Return one word: the fault is ours."""
        return public_error(GraphQLError(str(error), original_error=error))

    async def shutdown(self) -> None:
        """Leave nothing running."""
        if self._watchdog is not None:
            self._watchdog.cancel()
            with suppress(asyncio.CancelledError):
                await self._watchdog
        await super().shutdown()

    async def _end_with_the_session(self) -> None:
        await session_over(self.context.services, self.context.whoever)
        for operation in list(self.operations):
            await self.cleanup_operation(operation)
        await self.websocket.close(FORBIDDEN, "Forbidden")


def _rate_limited(error: RateLimited) -> GraphQLError:
    return GraphQLError(error.message, extensions={"code": error.code, "retryAfterSeconds": error.retry_after_seconds})


def _well_formed(message: dict[str, Any]) -> bool:
    if not isinstance(message.get("type"), str):
        return False
    if message["type"] == "complete":
        return isinstance(message.get("id"), str)
    if message["type"] != "subscribe":
        return isinstance(message.get("payload"), (dict, type(None)))
    payload = message.get("payload")
    return (
        isinstance(message.get("id"), str)
        and message["id"] != ""
        and isinstance(payload, dict)
        and isinstance(payload.get("query"), str)
        and isinstance(payload.get("variables"), (dict, type(None)))
        and isinstance(payload.get("operationName"), (str, type(None)))
    )
