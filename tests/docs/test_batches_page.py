"""What the page on presets and batches tells its readers to type does what it says, and its numbers are the code's."""

import json
import re
import zipfile
from pathlib import Path

import pytest

from app.domain.batch import MOST_BATCHES, MOST_IN_A_BATCH, BatchStatus
from app.domain.preset import MOST_PRESETS
from tests.docs.test_api_page import typed
from tests.parts.site import MP4, Person, Site
from tests.rest.batches import stored

PAGE = (Path(__file__).parents[2] / "docs" / "batches.md").read_text("utf-8")


@pytest.mark.outside
async def test_each_command_of_the_page_does_what_the_page_says(site: Site, ana: Person, tmp_path: Path):
    known = {"API": site.url, "TOKEN": ana.token, "PATH": "/usr/bin:/bin"}
    (tmp_path / "film.mp4").write_bytes(MP4)
    make, upload, download = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    known["BATCH"] = json.loads(await typed(make, tmp_path, **known))["data"]["createBatch"]["id"]
    await site.completed(json.loads(await typed(upload, tmp_path, **known))["id"], stored(("a.jpg", b"a picture")))
    await typed(download, tmp_path, **known)
    with zipfile.ZipFile(tmp_path / "monday.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {"film/a.jpg": b"a picture"}


def test_the_page_has_the_states_and_the_limits_that_there_are():
    rows = re.findall(r"^\| `([A-Z_]+)` \|", PAGE, re.MULTILINE)
    assert set(rows) == {status.name for status in BatchStatus}
    assert f"There may be {MOST_PRESETS}." in PAGE
    assert f"{MOST_BATCHES} batches of one user, {MOST_IN_A_BATCH} videos in one" in PAGE
