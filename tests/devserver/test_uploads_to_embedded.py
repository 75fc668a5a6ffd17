"""Who may send the parts of an upload to the embedded storage from a browser."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.infra.links import PresignedParts
from app.infra.s3.client import s3_client
from app.settings import UpSettings
from app.usecases.ports.storage import PartToSend
from devserver.data_directory import locked
from devserver.stores import choose_stores
from devserver.up import pages_on_this_machine
from tests.infra.test_part_links import md5
from tests.parts.browser import running_browser
from tests.parts.stores import S3Part

PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<p>a page</p>"
DATA = b"a part of a film"


def up(**settings: object) -> UpSettings:
    return UpSettings.model_validate(settings)


def test_the_pages_of_this_machine_may_send_to_the_embedded_storage():
    named = {
        "FIAPX_PUBLIC_URL": "http://localhost:9000/here",
        "FIAPX_ALLOWED_ORIGINS": "https://a.example, https://b.example",
    }
    assert pages_on_this_machine(up(host="127.0.0.1", port=8123), named) == [
        "http://127.0.0.1:8123",
        "http://localhost:8123",
        "http://[::1]:8123",
        "http://localhost:9000",
        "https://a.example",
        "https://b.example",
    ]


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("0.0.0.0", {}),
        ("::", {}),
        ("192.168.1.7", {}),
        ("127.0.0.1", {"FIAPX_PUBLIC_URL": "https://videos.example"}),
    ],
)
def test_pages_on_other_machines_are_not_told_of_a_storage_that_they_do_not_reach(
    host: str, named: dict[str, str], tmp_path: Path
):
    pages = pages_on_this_machine(up(host=host), named)
    with locked(tmp_path) as data:
        assert "FIAPX_S3_UPLOAD_URL" not in choose_stores(data, {}, pages).settings


def test_parts_go_to_the_storage_itself_unless_somebody_says_where(tmp_path: Path):
    elsewhere = {"FIAPX_S3_UPLOAD_URL": "https://files.example"}
    with locked(tmp_path) as data:
        stores = choose_stores(data, {}, ["http://127.0.0.1:8000"])
        assert stores.settings["FIAPX_S3_UPLOAD_URL"] == stores.settings["FIAPX_S3_URL"]
        assert (
            choose_stores(data, elsewhere, ["http://127.0.0.1:8000"]).settings["FIAPX_S3_UPLOAD_URL"]
            == "https://files.example"
        )


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Where any host's page is served, from this machine: a browser asks no other before it lets one reach loopback."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(PAGE)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


SENDS = """async ([url, text, headers]) => {
  try { return (await fetch(url, { method: "PUT", body: new Blob([text]), headers })).status }
  catch (fault) { return fault.name }
}"""


@pytest.mark.outside
async def test_a_page_that_is_allowed_sends_parts_from_another_origin_and_a_foreign_one_cannot(
    port: int, tmp_path: Path
):
    origins = [f"http://{name}.localhost:{port}" for name in ("app", "evil")]
    with S3Part(tmp_path, origins=origins[:1]) as part:
        client = s3_client(part.url, region="us-east-1", access_key=part.access_key, secret_key=part.secret_key)
        client.create_bucket(Bucket="parts")
        upload = client.create_multipart_upload(Bucket="parts", Key="sources/a")["UploadId"]
        to_send = [PartToSend(1, len(DATA)), PartToSend(2, len(DATA), md5(DATA)), PartToSend(3, len(DATA))]
        links = PresignedParts(client, "parts", lifetime_seconds=300)
        (plain, bound, third), _ = await links.links("sources/a", upload, to_send, datetime.now(UTC))
        async with running_browser() as browser:
            friend, stranger = await browser.new_page(), await browser.new_page()
            for page, origin in zip((friend, stranger), origins, strict=True):
                await page.goto(origin)
            assert await friend.evaluate(SENDS, [plain, DATA.decode(), {}]) == 200
            assert await friend.evaluate(SENDS, [bound, DATA.decode(), {"Content-MD5": md5(DATA)}]) == 200
            assert await stranger.evaluate(SENDS, [third, DATA.decode(), {}]) == "TypeError"
        parts = client.list_parts(Bucket="parts", Key="sources/a", UploadId=upload)["Parts"]
        assert [found["PartNumber"] for found in parts] == [1, 2]
        client.close()
