"""The sessions that one process was told of."""

import asyncio
from collections import defaultdict
from collections.abc import Collection

from app.domain.session import SessionId


class EndedHere:
    """Obeys ports.EndedSessions, for one process without any others."""

    def __init__(self) -> None:
        self._ends: defaultdict[SessionId, asyncio.Event] = defaultdict(asyncio.Event)

    def ended(self, session: SessionId) -> bool:
        return self._ends[session].is_set()

    async def wait(self, session: SessionId) -> None:
        await self._ends[session].wait()

    async def announce(self, sessions: Collection[SessionId]) -> None:
        for session in sessions:
            self._ends[session].set()
