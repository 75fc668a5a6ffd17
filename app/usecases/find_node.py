"""One thing of the viewer's, of whichever kind, by its id alone."""

from dataclasses import dataclass
from typing import TypeAlias, final

from app.domain.batch import BatchId
from app.domain.identifiers import is_uuid
from app.domain.notification import Notification
from app.domain.preset import Preset, PresetId
from app.domain.session import Viewer
from app.domain.user import User
from app.domain.video import VideoId, VideoProcessing
from app.usecases.batches import BatchOverview, overview_of
from app.usecases.ports.transactions import Transaction, Transactions

Found: TypeAlias = User | VideoProcessing | BatchOverview | Preset | Notification


@final
@dataclass(frozen=True, slots=True)
class FindNode:
    """Return the viewer themself, or a video, a batch, a preset or a notification of theirs.

    Ids are random UUIDs, so one names one thing, and tells nobody of which kind it is: each kind is looked up by its
    index, one after the other, which is a handful of reads. What is another's is as if it were not there.
    """

    transactions: Transactions

    async def __call__(self, viewer: Viewer, node: str) -> Found | None:
        canonical = node.lower()
        if not is_uuid(canonical):
            return None
        return await self.transactions.read(lambda t: _find(t, viewer, canonical))


async def _find(t: Transaction, viewer: Viewer, node: str) -> Found | None:
    if node == viewer.id:
        return await t.users.by_id(viewer.id)
    for found in (await t.videos.get(VideoId(node)), await t.presets.get(PresetId(node))):
        if found is not None:
            return found if found.owner == viewer.id else None
    batch = await t.batches.get(BatchId(node))
    if batch is not None:
        return await overview_of(t, batch) if batch.owner == viewer.id else None
    return await t.notifications.get(viewer.id, node)
