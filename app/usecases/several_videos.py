"""What an owner does with many processings at once: to each what can be done with one, and an answer for each."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, final

from app.domain.errors import DomainError, InvalidInput
from app.domain.session import Viewer
from app.domain.video import VideoId, VideoProcessing, parsed_video_id
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.videos import VideoUseCases

MOST_AT_ONCE: Final = 100
"""So many may be named in one request."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one of them: how it is now, where it is there, and why nothing was done, where that is so."""

    id: str
    video: VideoProcessing | None = None
    refused: DomainError | DatabaseUnavailable | None = None


@final
@dataclass(frozen=True, slots=True)
class SeveralVideos:
    """Cancel or delete many, one after the other and each for good; what is refused keeps nothing from the others.

    :raises InvalidInput: where none or too many are named
    """

    videos: VideoUseCases

    async def cancel(self, viewer: Viewer, ids: Sequence[str]) -> Sequence[Outcome]:
        """Stop those that have not ended."""
        return await _each(ids, lambda video: self.videos.cancel(viewer, video))

    async def delete(self, viewer: Viewer, ids: Sequence[str]) -> Sequence[Outcome]:
        """Remove them with their files."""
        return await _each(ids, lambda video: self.videos.delete(viewer, video))


async def _each(ids: Sequence[str], step: Callable[[VideoId], Awaitable[VideoProcessing | None]]) -> Sequence[Outcome]:
    if not 1 <= len(ids) <= MOST_AT_ONCE:
        raise InvalidInput(f"Name 1 to {MOST_AT_ONCE} videos.", field=("input", "ids"))
    away: DatabaseUnavailable | None = None
    outcomes = []
    for text in dict.fromkeys(ids):
        try:
            # Whoever asked waits long enough for the first that the database does not answer.
            outcome = Outcome(text, await step(parsed_video_id(text))) if away is None else Outcome(text, refused=away)
        except DatabaseUnavailable as refused:
            outcome = Outcome(text, refused=(away := refused))
        except DomainError as refused:
            outcome = Outcome(text, refused=refused)
        outcomes.append(outcome)
    return outcomes
