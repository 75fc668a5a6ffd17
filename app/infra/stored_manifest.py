"""The manifest at the end of a stored ZIP: where it is, and what stands in it before and behind its pictures."""

from typing import Final

from app.domain.errors import FramesUnreadable
from app.domain.manifest_lines import LINE_BYTES
from app.domain.video import FramesArchive
from app.infra.zip_end import TAIL_BYTES, last_entry
from app.usecases.ports.storage import ObjectStorage
from app.usecases.ranges import read_range

MANIFEST: Final = "manifest.json"
_OTHER_BYTES: Final = 8 * 1024**2
"""So much of a manifest may be no line of a picture."""
_FIRST_BYTES: Final = 64 * 1024
"""So much is looked at, as a rule."""
_BEGIN: Final = b'\n"frames": ['
_END: Final = b"\n],\n"


async def place_of_manifest(storage: ObjectStorage, archive: FramesArchive) -> tuple[int, int]:
    """Return where in a ZIP its manifest begins and ends (exclusive).

    :raises FramesUnreadable: where there is none that could be of so many pictures
    :raises ObjectMissing: where the ZIP is gone
    """
    size = archive.size_bytes
    place = last_entry(await read_range(storage, archive.key, max(0, size - TAIL_BYTES), size), size, MANIFEST)
    if place is None or place[1] - place[0] > _OTHER_BYTES + LINE_BYTES * archive.frame_count:
        raise FramesUnreadable
    return place


async def head_and_tail(storage: ObjectStorage, archive: FramesArchive) -> tuple[bytes, bytes]:
    """Return what a manifest has before the line of its first picture, and behind that of its last; raises as above."""
    begin, end = await place_of_manifest(storage, archive)
    last_line = b'\n{"file": "frame_%06d_' % archive.frame_count
    head = tail = None
    looked_at = _FIRST_BYTES
    while head is None or tail is None:
        if head is None:
            head = _before(await read_range(storage, archive.key, begin, min(end, begin + looked_at)))
        if tail is None:
            tail = _behind(await read_range(storage, archive.key, max(begin, end - looked_at), end), last_line)
        if looked_at >= min(end - begin, _OTHER_BYTES) and (head is None or tail is None):
            raise FramesUnreadable
        looked_at *= 4
    return head, tail


def _before(text: bytes) -> bytes | None:
    place = text.find(_BEGIN)
    return None if place < 0 else text[: place + len(_BEGIN)]


def _behind(text: bytes, last_line: bytes) -> bytes | None:
    line = text.rfind(last_line)
    place = text.find(_END, line) if line >= 0 else -1
    return None if place < 0 else text[place:]
