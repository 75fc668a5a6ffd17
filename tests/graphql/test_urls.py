"""Every link of the API, where the service knows its public URL and where it does not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.graphql.test_batches import create, joining
from tests.parts.pictures import taken
from tests.parts.site import Person, Site, running_site
from tests.parts.wired import shipped

PUBLIC = "https://frames.example"
ALL_LINKS = """query($video: ID!, $batch: ID!) {
  video(id: $video) { ... on VideoProcessing { result {
    downloadUrl contactSheetUrl frames(first: 2) { edges { node { url } } } } } }
  batch(id: $batch) { ... on Batch { download { url } } } }"""
EXPORT = "mutation { exportMyData { ... on DataExport { downloadUrl } } }"


def links(answer: Any) -> Iterator[str]:
    """Yield all that are in an answer."""
    if isinstance(answer, list):
        for one in answer:
            yield from links(one)
    elif isinstance(answer, dict):
        for name, value in answer.items():
            if name.lower().endswith("url"):
                yield value
            else:
                yield from links(value)


async def all_links(site: Site, person: Person) -> list[str]:
    batch = (await create(person))["id"]
    video = (await joining(person, batch))["id"]
    await taken(site, video)
    found = list(links([await person.ask(ALL_LINKS, video=video, batch=batch), await person.ask(EXPORT)]))
    listed = (await person.http.get(f"/videos/{video}/frames")).json()["items"]
    return found + [item["url"] for item in listed]


@pytest.mark.parametrize("public", [PUBLIC, None])
async def test_every_link_is_absolute_where_the_public_url_is_known_and_a_path_elsewhere(
    empty_database: Path, tmp_path: Path, public: str | None
):
    settings = shipped(public_url=public)
    async with running_site(empty_database, tmp_path, settings=settings) as site, site.person() as person:
        found = await all_links(site, person)
    assert len(found) >= 7
    assert {link.split("/")[0:3] == PUBLIC.split("/") for link in found} == {public is not None}
    assert {link.startswith("/") for link in found} == {public is None}
