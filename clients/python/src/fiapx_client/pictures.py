"""The pictures of a ZIP, one by one: what is known of them, and their bytes, checked."""

import hashlib
import json
from collections.abc import AsyncGenerator
from typing import Any, Final

from fiapx_client import codes
from fiapx_client.refused import Refused, no_sense
from fiapx_client.service import Service, heard
from fiapx_client.shapes import Frame, FramePage, read
from fiapx_client.waiting import Tries

_PAGE: Final = 100


async def pictures(service: Service, path: str) -> AsyncGenerator[Frame]:
    """Yield all of them, in the order of the ZIP."""
    after: str | None = None
    while True:
        page = await _page(service, f"{path}?first={_PAGE}{'' if after is None else f'&after={after}'}")
        for frame in page.frames:
            yield frame
        if page.after is None or page.after == after:
            return
        after = page.after


async def picture_at(service: Service, path: str, seconds: float) -> Frame:
    """Return the one that had come last at this time of the film."""
    page = await _page(service, f"{path}?at={seconds:.6f}")
    if len(page.frames) != 1:
        raise no_sense()
    return page.frames[0]


async def picture(service: Service, path: str) -> bytes:
    """Return the bytes of one, which its ETag says the SHA-256 of; raises ``Refused`` with ``DAMAGED`` for others."""
    content, etag = await _fetched(service, path)
    if etag != f'"{hashlib.sha256(content).hexdigest()}"':
        raise Refused(codes.DAMAGED, "What came of the picture has another checksum; fetch it again.")
    return content


async def _page(service: Service, path: str) -> FramePage:
    content, _ = await _fetched(service, path)
    try:
        said: Any = json.loads(content)
    except ValueError as error:
        raise no_sense() from error
    return read(lambda said: FramePage.of(said, service.join), said)


async def _fetched(service: Service, path: str) -> tuple[bytes, str]:
    """Return an answer and its ETag; what passes by itself is tried again."""
    tries = Tries()
    while True:
        try:
            async with service.opened("GET", path, {}) as answer:
                with heard("The line was lost while a picture came."):
                    return await answer.aread(), answer.headers.get("ETag", "")
        except Refused as refused:
            pause = tries.pause_after(refused)
        await tries.sleep(pause)
