"""Whether a server still takes connections: looked at from outside, by itself.

uvloop stops to listen where it cannot make what a connection needs, as for want of memory, and never begins again; the
rest of the process goes on as if nothing were amiss. An orchestrator that asks the public port would see that; a
supervisor that only waits for the process's end would not.
"""

import asyncio
from dataclasses import dataclass
from typing import Final, final

_QUESTION: Final = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


@final
@dataclass(frozen=True, slots=True)
class SelfWatch:
    """Asks a server how it is, as its clients would."""

    every_seconds: float = 5.0
    within_seconds: float = 4.0
    misses: int = 3
    """So many questions in a row without an answer are the end."""

    async def until_deaf(self, host: str, port: int) -> None:
        """Return once the server at this address answers nothing any more. Any answer will do, be it a refusal."""
        missed = 0
        while missed < self.misses:
            await asyncio.sleep(self.every_seconds)
            missed = 0 if await self._is_answered(host, port) else missed + 1

    async def _is_answered(self, host: str, port: int) -> bool:
        try:
            async with asyncio.timeout(self.within_seconds):
                reader, writer = await asyncio.open_connection(host, port)
                try:
                    writer.write(_QUESTION)
                    await reader.read(1)
                finally:
                    writer.transport.abort()
        except ConnectionResetError:
            return True  # Who hangs up is there.
        except (OSError, MemoryError):  # A time-out is an OSError, too.
            return False
        return True
