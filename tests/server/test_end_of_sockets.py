"""WebSockets end with their server, whatever their clients do just then."""

import asyncio
import socket

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.frames import Close, Frame, Opcode

from app.server.draining_server import DrainingServer, uvicorn_options
from app.server.protocol import BoundedWebSocket
from app.server.serving import Serving
from tests.parts.site import FILES
from tests.parts.wired import shipped


async def listen(client: WebSocket) -> None:
    await client.accept()
    while (await client.receive())["type"] != "websocket.disconnect":
        pass


async def test_a_client_that_leaves_at_the_same_moment_keeps_no_server_from_its_end():
    app = Starlette(routes=[WebSocketRoute("/", listen)])
    serving = Serving.of(shipped(), files=FILES)
    server = DrainingServer(uvicorn.Config(app, **uvicorn_options(serving) | {"lifespan": "off"}), serving)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        running = asyncio.create_task(server.serve([listener]))
        async with asyncio.timeout(10):
            async with connect(f"ws://{host}:{port}/", proxy=None):
                (other,) = server.server_state.connections
                assert isinstance(other, BoundedWebSocket)
                # What its client sends last comes in, and before the line has closed the server ends.
                other.data_received(Frame(Opcode.CLOSE, Close(1000, "").serialize()).serialize(mask=True))
                await server.shutdown([listener])
                server.should_exit = True
            await running
