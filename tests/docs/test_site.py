"""The documentation's site: all of it is there, no link of it is broken, and nothing of it comes from elsewhere."""

import asyncio
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from playwright.async_api import expect

from tests.parts.browser import running_browser

ROOT = Path(__file__).parents[2]
LOADS = re.compile(r"<(?:script|link|img|iframe|source|video)\b[^>]*?\b(?:src|href)=\"?((?:https?:)?//[^\" >]+)")


def built(root: Path, to: Path) -> subprocess.CompletedProcess[str]:
    # Not --quiet: what is not logged is no warning, and then nothing is strict.
    options = ["--config-file", str(root / "mkdocs.yml"), "--site-dir", str(to)]
    command = [sys.executable, "-m", "mkdocs", "build", *options]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "docs"
    done = built(ROOT, folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """A copy of the repository as the site sees it, to be spoiled."""
    for entry in ROOT.iterdir():
        if entry.name not in {"docs", "build"}:
            (tmp_path / entry.name).symlink_to(entry)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    (tmp_path / "mkdocs.yml").unlink()
    shutil.copy(ROOT / "mkdocs.yml", tmp_path / "mkdocs.yml")
    return tmp_path


def test_every_page_of_the_documentation_is_on_the_site(pages: Path):
    written = {path.relative_to(ROOT / "docs").with_suffix("") for path in (ROOT / "docs").rglob("*.md")}
    shown = {path.relative_to(pages).with_suffix("") for path in pages.rglob("*.html")}
    readers = {Path("contributing"), Path("changelog"), Path("404"), Path("adr/index")}
    assert shown == (written - {Path("adr/README")}) | readers
    assert "reprocessVideo" in (pages / "graphql.html").read_text("utf-8")


def test_no_page_loads_anything_from_another_host(pages: Path):
    files = [path for kind in ("*.html", "*.css") for path in pages.rglob(kind)]
    assert len(files) > 30
    for path in files:
        text = path.read_text("utf-8")
        assert LOADS.findall(text) == [], path
        assert re.findall(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", text) == [], path


@pytest.mark.slow
@pytest.mark.parametrize(
    "link",
    ["[no such page](nowhere.md)", "[no such heading](settings.md#nowhere)", "[no such file](../app/nowhere.py)"],
)
def test_a_link_that_leads_nowhere_fails_the_build(draft: Path, link: str):
    page = draft / "docs" / "api.md"
    page.write_text(f"{page.read_text('utf-8')}\n{link}\n", "utf-8")
    done = built(draft, draft / "built")
    assert done.returncode != 0
    assert "nowhere" in done.stderr


@pytest.mark.slow
def test_a_page_that_nobody_can_find_fails_the_build(draft: Path):
    (draft / "docs" / "lonely.md").write_text("# Lonely\n", "utf-8")
    done = built(draft, draft / "built")
    assert done.returncode != 0
    assert "lonely.md" in done.stderr


@pytest.fixture
def url(pages: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(pages))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.outside
async def test_a_reader_searches_for_a_setting_and_asks_no_other_host(url: str):
    elsewhere: list[str] = []
    async with running_browser() as browser, asyncio.timeout(60):
        page = await browser.new_page(viewport={"width": 1400, "height": 900})
        page.on("request", lambda asked: None if asked.url.startswith(url) else elsewhere.append(asked.url))
        page.on("pageerror", lambda error: elsewhere.append(str(error)))
        await page.goto(f"{url}/index.html")
        # The page looks at what is there when a key is let go; a field that is filled at one blow lets none go.
        await page.get_by_placeholder("Search").press_sequentially("FIAPX_MAX_OUTPUT_RATIO")
        await page.locator(".md-search-result__link", has_text="Limits of videos").first.click()
        await expect(page.get_by_role("heading", name="Settings").first).to_be_visible()
    assert elsewhere == []


def test_the_navigation_leads_readers_of_every_kind():
    titles = [next(iter(entry)) for entry in yaml.load((ROOT / "mkdocs.yml").read_text("utf-8"), _Plain)["nav"]]
    assert titles == ["Start", "The page", "The command line", "The API", "Operating", "Contributing"]


class _Plain(yaml.SafeLoader):
    """Reads what MkDocs' file says beside the one object that it makes."""


_Plain.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)
