"""uvicorn's server for tests, which ends at once."""

import asyncio
import socket

import uvicorn


class PromptServer(uvicorn.Server):
    """A server without the pauses of a tenth of a second that uvicorn makes in its loop and at its end.

    More than a thousand tests start one of their own, and each would wait for both.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Let ``serve`` return as soon as what is under way has ended."""
        self._ending.set()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self._ending.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.connections or self.server_state.tasks:
            await asyncio.sleep(0.001)
        await self.lifespan.shutdown()
