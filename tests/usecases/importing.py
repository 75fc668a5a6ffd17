"""Short words for imports, of films that a server on this machine gives."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from app.domain.options import ExtractionOptions
from app.domain.session import Viewer
from app.domain.video import VideoId
from app.domain.video_import import ImportStatus, VideoImport
from app.infra.web_sources import WebSources
from app.usecases.fetch_import import FetchImport
from app.usecases.ports.import_sources import ImportSources
from tests.parts.film_server import FilmServer, serving
from tests.usecases.world import World

MIB = 1024**2
FILM = b"\x00\x00\x00\x20ftypisom" + random.Random(7).randbytes(20 * MIB)
"""Three parts of an import, the last one shorter."""


@dataclass
class Importing:
    """A world, a viewer in it, and a server with a film."""

    world: World
    viewer: Viewer
    server: FilmServer
    settings: dict[str, Any] = field(default_factory=lambda: {"import_loopback": True})
    sources: ImportSources = field(default_factory=lambda: WebSources(loopback=True, silent_seconds=5))

    @classmethod
    @asynccontextmanager
    async def of(cls, world: World, **server: Any) -> AsyncIterator["Importing"]:
        async with serving(FilmServer(**{"content": FILM, **server})) as film:
            yield cls(world, await world.user(), film)

    async def ask(self, url: str | None = None, **more: Any) -> VideoImport:
        """Ask for an import of the server's film."""
        imports, link = self.world.do(**self.settings).imports, url or self.server.url("/film.mp4?key=secret")
        return await imports.create(self.viewer, link, ExtractionOptions(), **more)

    def fetch(self, slow_seconds: float = 60, storage: Any = None, **settings: Any) -> FetchImport:
        """What a worker does, with this storage or the world's."""
        fetch = self.world.control(sources=self.sources, **(self.settings | settings)).fetch_import
        limits = replace(fetch.store.limits, slow_seconds=slow_seconds)
        return replace(fetch, store=replace(fetch.store, limits=limits, storage=storage or fetch.store.storage))

    async def row(self, which: VideoId) -> VideoImport:
        found = await self.world.transactions.read(lambda t: t.imports.get(which))
        assert found is not None
        return found

    async def ended(self, which: VideoId, **how: Any) -> VideoImport:
        """Try as often as it takes until it has ended, and return how."""
        for _ in range(20):
            again = await self.fetch(**how)(which)
            if again is None:
                break
            self.world.clock.advance((again + timedelta(milliseconds=1)).total_seconds())
        found = await self.row(which)
        assert found.status.final
        assert "?" not in found.url  # Its key is no longer kept.
        return found

    async def refused(self, url: str | None = None, **how: Any) -> tuple[str, str]:
        """Return the code and the sentence with which an import fails, of which nothing is left behind."""
        asked = await self.ask(url)
        failed = await self.ended(asked.id, **how)
        assert failed.status is ImportStatus.FAILED
        assert failed.failure is not None
        await self.nothing_left()
        return failed.failure.code, failed.failure.reason

    async def nothing_left(self) -> None:
        """See that no object, no part and no place in the quota is left."""
        await self.world.remove_objects()
        assert self.world.storage.objects == {}
        assert self.world.storage.in_parts == {}
        assert await self.world.unfinished(self.viewer) == (0, 0)
