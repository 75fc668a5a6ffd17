"""The states of one video, or of one import, as they come, to the last, whatever the line does meanwhile."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from fiapx_client import codes
from fiapx_client.documents import IMPORTED, VIDEO, WATCH, WATCH_IMPORT
from fiapx_client.refused import Refused
from fiapx_client.service import Service
from fiapx_client.shapes import Video, VideoImport, read
from fiapx_client.waiting import Tries, back_off


class State(Protocol):
    """How something is at one version."""

    @property
    def version(self) -> int: ...
    @property
    def ended(self) -> bool: ...


S = TypeVar("S", bound=State)


@dataclass(frozen=True, slots=True)
class Kind(Generic[S]):
    """What can be watched: how it is asked for once, and live, and how the answers are read."""

    question: str
    subscription: str
    of: Callable[[Any], S]


def _video(said: Any) -> Video:
    if isinstance(said, dict) and said.get("__typename") == "Deleted":
        raise Refused(codes.VIDEO_NOT_FOUND, "The video was deleted.")
    return read(Video.of, said)


VIDEOS: Final = Kind(VIDEO, WATCH, _video)
IMPORTS: Final = Kind(IMPORTED, WATCH_IMPORT, lambda said: read(VideoImport.of, said))


async def watched(service: Service, kind: Kind[S], which: str, tries: Tries | None = None) -> AsyncGenerator[S]:
    """Yield the present state and each newer one, until a final one; raises ``Refused`` where there will be none.

    After each break it is asked how it is, and then watched again: so nothing is missed where no stream gets through,
    either, and what would be watched is asked for now and then.
    """
    tries, breaks, seen = tries or Tries(), 0, -1
    while True:
        try:
            async with aclosing(_states(service, kind, which, again=breaks > 0)) as states:
                async for is_live, state in states:
                    tries.came_through()
                    breaks = 0 if is_live else breaks
                    if state.version > seen:
                        seen = state.version
                        yield state
                    if state.ended:
                        return
            lost = Refused(codes.NETWORK, "The line to the service was lost.")
        except Refused as refused:
            lost = refused
        # A session that is over is renewed by the question; where it cannot be, that says so.
        over = lost.code == codes.UNAUTHENTICATED and breaks == 0
        pause = 0.0 if over else tries.pause_after(lost)
        breaks += 1
        await tries.sleep(max(pause, back_off(breaks)))


async def _states(service: Service, kind: Kind[S], which: str, *, again: bool) -> AsyncGenerator[tuple[bool, S]]:
    """Yield states, and whether they came live."""
    if again:
        yield False, kind.of(await service.ask(kind.question, id=which))
    async with aclosing(service.events(kind.subscription, id=which)) as events:
        async for said in events:
            yield True, kind.of(said)
