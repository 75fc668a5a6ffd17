"""The states of one video as they come, to the last, whatever the line does meanwhile."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fiapx_client import codes
from fiapx_client.documents import VIDEO, WATCH
from fiapx_client.refused import Refused
from fiapx_client.service import Service
from fiapx_client.shapes import Video, read
from fiapx_client.waiting import Tries, back_off


async def watched(service: Service, video: str, tries: Tries | None = None) -> AsyncGenerator[Video]:
    """Yield the present state and each newer one, until a final one; raises ``Refused`` where there will be none.

    After each break it is asked how the video is, and then watched again: so nothing is missed where no stream gets
    through, either, and what would be watched is asked for now and then.
    """
    tries, breaks, seen = tries or Tries(), 0, -1
    while True:
        try:
            async with aclosing(_states(service, video, again=breaks > 0)) as states:
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


async def _states(service: Service, video: str, *, again: bool) -> AsyncGenerator[tuple[bool, Video]]:
    """Yield states, and whether they came live."""
    if again:
        yield False, read(Video.of, await service.ask(VIDEO, id=video))
    async with aclosing(service.events(WATCH, id=video)) as events:
        async for said in events:
            yield True, _state(said)


def _state(said: Any) -> Video:
    if isinstance(said, dict) and said.get("__typename") == "Deleted":
        raise Refused(codes.VIDEO_NOT_FOUND, "The video was deleted.")
    return read(Video.of, said)
