"""What the page about frames tells of single pictures does what it says."""

import csv
import io
import json
import re
import zipfile
from pathlib import Path

import pytest

from tests.docs.test_api_page import typed
from tests.parts.graphql_socket import socket
from tests.parts.pictures import many, pictured
from tests.parts.site import Person, Site

PAGE = (Path(__file__).parents[2] / "docs" / "frames.md").read_text("utf-8")


def section(title: str) -> str:
    return re.split(r"\n##+ ", PAGE.partition(f"### {title}\n")[2])[0]


SECTION = section("One picture without the rest")
STORYBOARD = section("The storyboard")


def blocks(language: str, section: str = SECTION) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


async def test_the_query_gives_a_page_of_pictures(site: Site, ana: Person):
    video, (query,) = await pictured(site, ana, list(many(30))), blocks("graphql")
    found = (await ana.ask(query, id=video, first=3))["video"]["result"]["frames"]
    assert [edge["node"]["index"] for edge in found["edges"]] == [1, 2, 3]
    assert (found["totalCount"], found["pageInfo"]["hasNextPage"]) == (30, True)


async def test_the_subscription_tells_of_the_storyboard(site: Site, ana: Person):
    video, (query,) = await pictured(site, ana, list(many(30))), blocks("graphql", STORYBOARD)
    async with socket(site, ana.token) as page:
        await page.subscribe("1", video, query)
        told = await page.event("1")
    assert (told["latestTile"], told["storyboard"]["tiles"], len(told["storyboard"]["sheets"])) == (None, 30, 1)


@pytest.mark.outside
async def test_each_command_fetches_what_it_says(site: Site, ana: Person, tmp_path: Path):
    film = list(many(60))
    video, (by_rest, by_range) = await pictured(site, ana, film), blocks("sh")
    page, at, picture = by_rest.splitlines()
    known = {"API": site.url, "TOKEN": ana.token, "VIDEO": video, "PATH": "/usr/bin:/bin"}
    items = json.loads(await typed(page, tmp_path, **known))["items"]
    assert len(items) == 60
    (shown,) = json.loads(await typed(at.replace("12.5", "1.25"), tmp_path, **known))["items"]
    assert shown == items[31]
    await typed(picture, tmp_path, **known)
    assert (tmp_path / "frame_000012.jpg").read_bytes() == film[11].data
    query = "query($id: ID!) { video(id: $id) { ... on VideoProcessing { result { downloadUrl } } } }"
    url = site.url + (await ana.ask(query, id=video))["video"]["result"]["downloadUrl"]
    command = re.sub(r"\d+-\d+", "59-66", by_range)
    await typed(command, tmp_path, DOWNLOAD_URL=url, PATH="/usr/bin:/bin")
    assert (tmp_path / "frame_000002.jpg").read_bytes() == film[0].data[:8]


async def test_the_mutation_gives_a_link_to_the_pictures_that_it_names(site: Site, ana: Person):
    film = list(many(30))
    video, (mutation,) = await pictured(site, ana, film), blocks("graphql", section("Some of the pictures"))
    mutation = re.sub(r'videoId: "[0-9a-f-]+"', f'videoId: "{video}"', mutation)
    found = (await ana.ask(mutation))["selectFrames"]
    async with site.client() as anybody:
        data = (await anybody.get(found["url"])).content
    assert pictures_of(data) == [film[place - 1].data for place in (3, 7, 8, 9)]


@pytest.mark.outside
async def test_the_commands_fetch_some_pictures_and_both_tables(site: Site, ana: Person, tmp_path: Path):
    film = list(many(30))
    video, (chosen,) = await pictured(site, ana, film), blocks("sh", section("Some of the pictures"))
    known = {"API": site.url, "TOKEN": ana.token, "VIDEO": video, "PATH": "/usr/bin:/bin"}
    await typed(chosen, tmp_path, **known)
    assert pictures_of((tmp_path / "chosen.zip").read_bytes()) == [film[place - 1].data for place in (3, 7, 8, 9)]
    (tables,) = blocks("sh", section("As a table"))
    lines, data_set = [await typed(command, tmp_path, **known) for command in tables.splitlines()]
    assert len(list(csv.DictReader(io.StringIO(lines)))) == len(json.loads(data_set)["images"]) == 30


def pictures_of(data: bytes) -> list[bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [archive.read(name) for name in archive.namelist() if name != "manifest.json"]
