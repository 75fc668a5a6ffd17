"""Somebody whose every answer is held against the description."""

from typing import Any

import httpx

from tests.parts.site import MP4, ZIP
from tests.rest.description import Description


class Visitor:
    """A client whose every answer is judged; what is fetched is also asked for by HEAD."""

    def __init__(self, described: Description, client: httpx.AsyncClient) -> None:
        self._described = described
        self._client = client

    async def get(self, path: str, **options: Any) -> httpx.Response:
        self._described.judge(await self._client.head(path, **options))
        return self._described.judge(await self._client.get(path, **options))

    async def post(self, path: str, **options: Any) -> httpx.Response:
        return self._described.judge(await self._client.post(path, **options))

    async def sends(self, path: str = "/videos/upload", content: bytes = MP4, **options: Any) -> httpx.Response:
        return await self.post(path, files={"file": (options.pop("name", "a.mp4"), content)}, **options)


async def fetched(visitor: Visitor, path: str, content: bytes = ZIP) -> None:
    """Fetch an object in all the ways there are."""
    whole = await visitor.get(path)
    assert (whole.status_code, whole.content) == (200, content or whole.content)
    for headers, status in (
        ({"Range": "bytes=1-2"}, 206),
        ({"Range": f"bytes={len(whole.content)}-"}, 416),
        ({"If-None-Match": whole.headers["etag"]}, 304),
    ):
        assert (await visitor.get(path, headers=headers)).status_code == status
