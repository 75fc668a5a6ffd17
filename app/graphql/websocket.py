"""graphql-transport-ws (Denis Badurina's protocol), where Strawberry's handler needs more care."""

import asyncio
from contextlib import suppress
from typing import Any, cast

from graphql import GraphQLError
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from strawberry.subscriptions.protocols.graphql_transport_ws.types import ConnectionInitMessage, Message

from app.graphql.context import Context

MALFORMED = 4400
FORBIDDEN = 4403
"""There is no session, or it has lapsed; clients take 4401 for a mistake of their program and never come back."""


class TransportWebSocket(BaseGraphQLTransportWSHandler[Context, None]):
    """One socket: malformed messages end it with 4400, a wrong operation only itself, a lapsed session all."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lapse: asyncio.Task[None] | None = None

    async def handle_message(self, message: Message) -> None:
        """Look at a message's shape before anything is done with it."""
        if not isinstance(cast("object", message), dict) or not _well_formed(cast("dict[str, Any]", message)):
            await self.handle_invalid_message("")
            return
        await super().handle_message(message)

    async def handle_invalid_message(self, error_message: str) -> None:  # noqa: ARG002 - Strawberry's signature
        """Close in our own words: Strawberry repeats the client's, which need not fit into a close frame."""
        await self.websocket.close(MALFORMED, "Malformed message")

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        """Open the session, and see to it that it ends with its token."""
        await super().handle_connection_init(message)
        if self.connection_acknowledged and self._lapse is None:
            self._lapse = asyncio.create_task(self._end_with_the_session())

    async def shutdown(self) -> None:
        """Leave nothing running."""
        if self._lapse is not None:
            self._lapse.cancel()
            with suppress(asyncio.CancelledError):
                await self._lapse
        await super().shutdown()

    async def _end_with_the_session(self) -> None:
        lapses_at = self.context.viewer.expires_at
        await asyncio.sleep((lapses_at - self.context.edge.clock.now()).total_seconds())
        for operation in list(self.operations):
            await self.cleanup_operation(operation)
        await self.websocket.close(FORBIDDEN, "Forbidden")

    @staticmethod
    def _get_pre_execution_close_reason(error: GraphQLError) -> str | None:  # noqa: ARG004 - Strawberry's signature
        """Never close for an operation that does not parse: the socket's others are innocent."""
        return None


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
