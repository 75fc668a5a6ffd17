"""What the page for API developers tells them to type does what it says."""

import asyncio
import json
import re
import shutil
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.parts.graphql_socket import TRANSPORT
from tests.parts.site import MP4, Person, Site

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    """Find what a reader copies."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


async def typed(command: str, folder: Path, **variables: str) -> str:
    """Return what a command prints."""
    shell = await asyncio.create_subprocess_exec(
        shutil.which("bash") or "sh", "-ec", command, cwd=folder, env=variables, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(30):
        printed, _ = await shell.communicate()
    assert shell.returncode == 0
    return printed.decode()


@pytest.mark.outside
async def test_each_command_of_the_page_does_what_the_page_says(site: Site, ana: Person, tmp_path: Path):
    known = {"API": site.url, "TOKEN": ana.token, "PATH": "/usr/bin:/bin"}
    (tmp_path / "film.mp4").write_bytes(MP4)
    asked, uploaded, begun, watched = blocks("sh")
    video = json.loads(await typed(uploaded, tmp_path, **known))["data"]["uploadVideo"]
    assert video["status"] == "PENDING"
    (edge,) = json.loads(await typed(asked, tmp_path, **known))["data"]["videos"]["edges"]
    assert edge["node"] == {"id": video["id"], "originalFileName": "film.mp4", "status": "PENDING"}
    staged = json.loads(await typed(begun, tmp_path, **known))["data"]["createUpload"]
    assert [part["number"] for part in staged["parts"]] == [1]
    (tmp_path / "film.mp4").write_bytes(b"a letter" * 1000)
    refused = json.loads(await typed(begun, tmp_path, **known))["data"]["createUpload"]
    assert refused["code"] == "UNSUPPORTED_FILE_FORMAT"
    await site.completed(video["id"])
    assert '"status":"COMPLETED"' in await typed(watched, tmp_path, **known, VIDEO=video["id"])


async def test_a_socket_begins_as_the_page_says(site: Site, ana: Person):
    (begins,) = blocks("json")
    message = json.loads(begins)
    message["payload"]["authorization"] = f"Bearer {ana.token}"
    async with connect(site.websocket_url, subprotocols=[TRANSPORT], proxy=None) as socket:
        await socket.send(json.dumps(message))
        assert json.loads(await socket.recv()) == {"type": "connection_ack"}
