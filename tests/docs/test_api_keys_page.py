"""What the page on keys for programs tells its readers to type does what it says."""

import json
import re
import shlex
import sys
from pathlib import Path

import pytest

from app.domain.api_key import MOST_KEYS, new_secret
from app.settings import Settings
from tests.docs.test_api_page import typed
from tests.graphql.test_api_keys import NEEDS
from tests.parts.site import MP4, Person, Site

PAGE = (Path(__file__).parents[2] / "docs" / "api-keys.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    """Find what a reader copies."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.outside
async def test_each_command_of_the_page_does_what_the_page_says(site: Site, ana: Person, tmp_path: Path):
    known = {"API": site.url, "TOKEN": ana.token, "PATH": "/usr/bin:/bin"}
    (tmp_path / "film.mp4").write_bytes(MP4)
    make, upload, ask = blocks("sh")
    key = json.loads(await typed(make, tmp_path, **known))["data"]["createApiKey"]["secret"]
    known["KEY"] = key
    video = json.loads(await typed(upload, tmp_path, **known))
    (edge,) = json.loads(await typed(ask, tmp_path, **known))["data"]["videos"]["edges"]
    assert edge["node"] == {"id": video["id"], "status": "PENDING"}


async def test_the_pages_scanner_finds_keys_and_nothing_else(tmp_path: Path):
    (scanner,) = blocks("python")
    (tmp_path / "scan.py").write_text(scanner)
    keys = [new_secret() for _ in range(5)]
    wrong = f"fx_{'0' * 36} {keys[0][:-1]}! prefix_{'a' * 36} {keys[1]}a"
    (tmp_path / "leak.txt").write_text(f'KEY={keys[0]}\n{keys[1]}, "{keys[2]}" {wrong}\n{" ".join(keys[3:])}')
    assert (await typed(f"{shlex.quote(sys.executable)} scan.py < leak.txt", tmp_path)).split() == keys


def test_the_page_names_what_each_scope_opens_and_what_is_set():
    rows = dict(re.findall(r"^\| `(READ|UPLOAD|DELETE)` \| (.*) \|$", PAGE, re.MULTILINE))
    listed = {
        name: set(re.findall(r"`(\w+)`", row.partition("; by REST")[0])) - {"result"} for name, row in rows.items()
    }
    needed = {
        scope.name: {field.partition(".")[2] for field, of in NEEDS.items() if of is scope}
        for scope in set(NEEDS.values())
    }
    assert listed == needed
    assert f"There may be {MOST_KEYS}." in PAGE
    assert Settings.model_fields["request_rate_per_key"].default == "600/minute"
    assert "(600 a minute)" in PAGE
