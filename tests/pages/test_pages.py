"""The pages that we serve: what they may load, and where they lie."""

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette

from app.infra.links import PresignedLinks
from app.infra.s3.client import s3_client
from app.pages.routes import page_routes
from app.settings import Settings
from tests.parts.site import Site
from tests.parts.wired import shipped


def visitor(settings: Settings, built: Path) -> httpx.AsyncClient:
    app = Starlette(routes=page_routes(settings, built))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


@pytest.fixture
def built(tmp_path: Path) -> Path:
    for page in ("app", "operate", "graphiql"):
        (tmp_path / page / "assets").mkdir(parents=True)
        (tmp_path / page / "index.html").write_text(f"<title>{page}</title>")
        (tmp_path / page / "assets" / "index-1a2b.js").write_text("export {}")
    return tmp_path


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/assets/index.js",
        "/assets/",
        "/operate",
        "/operate/assets/index.js",
        "/graphiql",
        "/graphiql/assets/index.js",
    ],
)
async def test_a_page_that_was_not_built_is_not_found(tmp_path: Path, path: str):
    async with visitor(shipped(), tmp_path) as client:
        assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize("path", ["/", "/sign-up", "/forgot-password", "/reset-password", "/verify-email"])
async def test_each_client_side_route_serves_the_page(built: Path, path: str):
    async with visitor(shipped(), built) as client:
        answer = await client.get(path)
        assert (answer.status_code, answer.text) == (200, "<title>app</title>")
        assert answer.headers["cache-control"] == "no-cache"


async def test_a_videos_place_is_the_page_for_who_asks_for_html_and_the_api_for_all_others(site: Site):
    path = "/videos/3f0c1d7e-5a4b-4c3d-8e2f-1a2b3c4d5e6f"
    async with site.client() as client:
        for accept in ("text/html,application/xhtml+xml,*/*;q=0.8", "Text/HTML"):
            page = await client.get(path, headers={"Accept": accept})
            assert "accept" in page.headers["vary"].lower()
            assert "script-src 'self'" in page.headers["content-security-policy"], accept
        for accept in ("application/json", "*/*"):
            answer = await client.get(path, headers={"Accept": accept})
            assert (answer.status_code, answer.headers["cache-control"]) == (401, "no-store"), accept
        shown = await client.get(f"{path}/frames", headers={"Accept": "text/html"})
        assert shown.headers["content-type"] == "application/problem+json"


async def test_the_page_may_use_nothing_but_itself_and_the_storage(built: Path):
    async with visitor(shipped(s3_public_url="https://files.example:9000/bucket/"), built) as client:
        policy = (await client.get("/")).headers["content-security-policy"].split("; ")
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "img-src 'self' https://files.example:9000" in policy
    assert "media-src blob:" in policy
    assert "connect-src 'self' https://files.example:9000" in policy
    assert "require-trusted-types-for 'script'" in policy


async def test_the_page_may_send_parts_to_where_they_go(built: Path):
    async with visitor(shipped(s3_upload_url="http://127.0.0.1:9000"), built) as client:
        policy = (await client.get("/")).headers["content-security-policy"].split("; ")
    assert "img-src 'self'" in policy
    assert "connect-src 'self' http://127.0.0.1:9000" in policy


@pytest.mark.parametrize(
    "public_url",
    [
        "https://s3.us-east-1.amazonaws.com",
        "https://s3.dualstack.eu-west-1.amazonaws.com",
        "https://s3.cn-north-1.amazonaws.com.cn",
        "https://files.example:9000",
    ],
)
@pytest.mark.parametrize("bucket", ["fiapx-videos-123456789012", "videos.example"])
async def test_the_page_may_use_the_origin_of_the_links_that_are_really_made(built: Path, public_url: str, bucket: str):
    storage = s3_client(public_url, region="us-east-1", access_key="a", secret_key="b")
    link, _ = PresignedLinks(storage, bucket, lifetime_seconds=60).link(
        "results/a/1.jpg", file_name="a.jpg", content_type="image/jpeg", now=datetime.now(UTC)
    )
    storage.close()
    async with visitor(shipped(s3_public_url=public_url, s3_bucket=bucket), built) as client:
        policy = (await client.get("/")).headers["content-security-policy"].split("; ")
    parts = urlsplit(link)
    assert f"img-src 'self' {parts.scheme}://{parts.netloc}" in policy
    assert f"connect-src 'self' {parts.scheme}://{parts.netloc}" in policy


async def test_the_operators_page_has_files_of_its_own_and_uses_nothing_else(built: Path):
    async with visitor(shipped(s3_public_url="https://files.example:9000"), built) as client:
        answer = await client.get("/operate")
        assert (answer.status_code, answer.text) == (200, "<title>operate</title>")
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "require-trusted-types-for 'script'" in policy
        assert "files.example" not in policy
        assert "immutable" in (await client.get("/operate/assets/index-1a2b.js")).headers["cache-control"]


async def test_files_whose_names_hold_their_content_are_kept_for_ever(built: Path):
    async with visitor(shipped(), built) as client:
        answer = await client.get("/assets/index-1a2b.js")
        assert "immutable" in answer.headers["cache-control"]
        assert (await client.get("/assets/../index.html")).status_code == 404


async def test_operators_can_switch_the_page_off(built: Path):
    async with visitor(shipped(frontend=False), built) as client:
        assert (await client.get("/")).status_code == 404
        assert (await client.get("/assets/index-1a2b.js")).status_code == 404
        assert (await client.get("/operate")).status_code == 404
        assert (await client.get("/graphiql")).status_code == 200


@pytest.mark.pages
async def test_the_api_answers_where_the_page_is_served(site: Site):
    async with site.client() as client:
        assert (await client.get("/")).headers["content-type"].startswith("text/html")
        assert (await client.get("/videos")).status_code == 401
        assert (await client.get("/none")).status_code == 404
