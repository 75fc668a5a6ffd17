"""A client of graphql-transport-ws that says exactly what a story tells it to."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.parts.site import Person, Site
from tests.parts.waiting import until

WATCH = """subscription($id: ID) { videoStatus(id: $id) { __typename
  ... on VideoProcessing { id status version progress { percent } result { frameCount } history { status } }
  ... on Deleted { id } ... on Problem { code } } }"""
TRANSPORT = Subprotocol("graphql-transport-ws")


class Socket:
    """One connection."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, message: object) -> None:
        await self.connection.send(message if isinstance(message, (str, bytes)) else json.dumps(message))

    async def hear(self) -> Any:
        async with asyncio.timeout(10):
            return json.loads(await self.connection.recv())

    async def subscribe(self, name: str, video: str | None = None, query: str = WATCH) -> None:
        await self.say({"id": name, "type": "subscribe", "payload": {"query": query, "variables": {"id": video}}})

    async def event(self, name: str) -> Any:
        message = await self.hear()
        assert (message["type"], message["id"]) == ("next", name), message
        assert "errors" not in message["payload"], message
        return message["payload"]["data"]["videoStatus"]

    async def end(self) -> int | None:
        """Wait until the server closes; give its code."""
        with suppress(ConnectionClosed):
            while True:
                await self.hear()
        return self.connection.close_code


@asynccontextmanager
async def socket(site: Site, token: str | None = None, **init: object) -> AsyncIterator[Socket]:
    """Open a socket and, with a token, a session on it."""
    async with connect(site.websocket_url, subprotocols=[TRANSPORT], proxy=None) as connection:
        opened = Socket(connection)
        if token is not None:
            await opened.say({"type": "connection_init", "payload": {"authorization": f"Bearer {token}", **init}})
            assert await opened.hear() == {"type": "connection_ack"}
        yield opened


async def watched(site: Site, person: Person) -> None:
    await until(lambda: site.live.watchers(person.id))
