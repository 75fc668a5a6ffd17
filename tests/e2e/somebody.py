"""Somebody at the page who is also elsewhere, and the files that they have."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from playwright.async_api import Request

from tests.e2e.visitor import PASSWORD, Visitor, new_visitor
from tests.parts.browser import running_browser
from tests.parts.site import MP4, Site


def files_in(folder: Path, count: int) -> list[Path]:
    files = [folder / f"{number}.mp4" for number in range(count)]
    for file in files:
        file.write_bytes(MP4)
    return files


@asynccontextmanager
async def somebody(site: Site) -> AsyncIterator[tuple[Visitor, httpx.AsyncClient]]:
    """Somebody at the page, who is also elsewhere."""
    async with (
        running_browser() as browser,
        site.client(timeout=30) as elsewhere,
        asyncio.timeout(60),
    ):
        ana = await new_visitor(browser, site.url)
        await ana.sign_up()
        login = await elsewhere.post("/auth/login", json={"email": ana.email, "password": PASSWORD})
        elsewhere.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
        yield ana, elsewhere


async def uploaded(elsewhere: httpx.AsyncClient, name: str) -> str:
    answer = await elsewhere.post("/videos/upload", files={"file": (name, MP4)})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def is_multipart(sent: Request) -> bool:
    """Tell whether this is what brings a file."""
    return sent.headers.get("content-type", "").startswith("multipart/")
