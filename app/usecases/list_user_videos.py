from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, final

from app.domain.session import Viewer
from app.domain.video import ProcessingStatus, VideoOrder, VideoProcessing
from app.usecases.paging import ANY, Page, Wanted, paged
from app.usecases.ports.transactions import Transactions
from app.usecases.ports.videos import VideoFilter
from app.usecases.video_orders import ORDERS

EVERY: Final = VideoFilter()
"""All that the viewer has."""


@final
@dataclass(frozen=True, slots=True)
class ListUserVideos:
    """Return a page of those of the viewer's processings that are meant, by keyset, so that new ones move nothing.

    :raises InvalidInput: for a page size that there is not, or a cursor that is not ours or of another order
    """

    transactions: Transactions

    async def __call__(
        self,
        viewer: Viewer,
        wanted: Wanted = ANY,
        which: VideoFilter = EVERY,
        order: VideoOrder = VideoOrder.NEWEST,
    ) -> Page[VideoProcessing]:
        by = ORDERS[order]
        asked = wanted.slice(by)
        return await self.transactions.read(
            lambda t: paged(asked, lambda part: t.videos.listed(viewer.id, which, order, part), by)
        )

    async def count(self, viewer: Viewer, which: VideoFilter = EVERY) -> int:
        """Count those of all pages."""
        return sum((await self._counts(viewer, which)).values())

    async def counts(self, viewer: Viewer, which: VideoFilter = EVERY) -> Mapping[ProcessingStatus, int]:
        """Count those of all pages by their states, whichever of these are meant."""
        return await self._counts(viewer, replace(which, statuses=EVERY.statuses))

    async def _counts(self, viewer: Viewer, which: VideoFilter) -> Mapping[ProcessingStatus, int]:
        return await self.transactions.read(lambda t: t.videos.counts(viewer.id, which))
