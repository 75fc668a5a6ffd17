"""Chosen pictures of a video as one ZIP: which, and under which link."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, final

from app.domain.errors import VideoNotFound
from app.domain.places import Places
from app.domain.retention import Retention
from app.domain.session import Viewer
from app.domain.video import VideoId, VideoProcessing
from app.usecases.chosen_frames import ChosenFrames
from app.usecases.download_processed_zip import DownloadProcessedZip, named_after
from app.usecases.frames import still_there
from app.usecases.ports.clock import Clock
from app.usecases.ports.transactions import Transaction, Transactions

KEPT_FOR: Final = timedelta(days=1)
"""Longer than any link to it, so that a download that breaks off can go on with a new one."""
_PLACE: Final = "selections/"
"""Where in a ticket such a ZIP lies: under no key of the storage, which begin otherwise."""


@dataclass(frozen=True, slots=True)
class SelectionTicket:
    """What a link to chosen pictures names: the ZIP that this attempt made, and the choice by its digest."""

    video: VideoId
    attempt: int
    digest: str

    def __str__(self) -> str:
        """Write what a ticket is made out to."""
        return f"{_PLACE}{self.video}/{self.attempt}/{self.digest}"

    @classmethod
    def parsed(cls, key: str) -> "SelectionTicket | None":
        """Read what ``__str__`` wrote; None of a ticket for anything else."""
        if not key.startswith(_PLACE):
            return None
        video, attempt, digest = key.removeprefix(_PLACE).split("/")
        return cls(VideoId(video), int(attempt), digest)


@final
@dataclass(frozen=True, slots=True)
class SelectFrames:
    """Choose pictures of a completed video.

    A choice is kept for a day, since a thousand places are too much for a link: the link names it by its digest, and
    the video and the attempt that made the ZIP, so that it leads to these pictures or to none.

    :raises FrameNotFound: where one of them lies beyond the last
    """

    transactions: Transactions
    clock: Clock
    retention: Retention
    download: DownloadProcessedZip

    async def __call__(self, viewer: Viewer, video: VideoId, places: Places) -> ChosenFrames:
        """Return the viewer's pictures of these places; raises as ``DownloadProcessedZip``."""
        found, archive = await self.download(viewer, video)
        return ChosenFrames(found, archive, places.within(archive.frame_count))

    async def keep(self, viewer: Viewer, video: VideoId, places: Places) -> tuple[ChosenFrames, SelectionTicket]:
        """Keep them for a link, too."""
        chosen = await self(viewer, video, places)
        until = self.clock.now() + KEPT_FOR

        async def step(t: Transaction) -> None:
            await t.users.lock(viewer.id)
            if await t.videos.get(video) is None:
                raise VideoNotFound
            await t.selections.keep(video, places, until)

        await self.transactions.write(step)
        return chosen, SelectionTicket(video, chosen.video.attempt, places.digest)

    async def by_ticket(self, ticket: SelectionTicket) -> ChosenFrames:
        """Return what a link leads to, which may have gone since it was made."""

        async def look(t: Transaction) -> tuple[VideoProcessing | None, Places | None]:
            return await t.videos.get(ticket.video), await t.selections.get(ticket.video, ticket.digest)

        video, places = await self.transactions.read(look)
        found = still_there(video, ticket.attempt, self.retention, self.clock.now())
        if places is None or places.digest != ticket.digest:
            raise VideoNotFound("These pictures are no longer chosen; choose them anew.")
        return ChosenFrames(*found, places)


def selection_file_name(chosen: ChosenFrames) -> str:
    """Name the ZIP as a user's disk should show it: after the video, and after how many they are."""
    return named_after(chosen.video, f"{chosen.places.count}-frames.zip")
