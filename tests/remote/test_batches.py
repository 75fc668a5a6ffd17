"""``fiapx upload --batch`` and ``fiapx download --batch``, as somebody types them."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from tests.parts.site import Person, Site
from tests.remote.conftest import Terminal
from tests.remote.test_transfers import film
from tests.rest.batches import joined, new_batch, stored

pytestmark = pytest.mark.slow

LIST = """{ batches { edges { node { id name videos { edges { node { originalFileName options { format quality } } } }
  } } } }"""


async def batches(ana: Person) -> dict[str, list[tuple[str, str, int | None]]]:
    listed = (await ana.ask(LIST))["batches"]["edges"]
    return {
        one["node"]["name"]: sorted(
            (edge["node"]["originalFileName"], *edge["node"]["options"].values())
            for edge in one["node"]["videos"]["edges"]
        )
        for one in listed
    }


async def test_films_are_sent_into_a_batch_that_is_made_once_and_have_its_options_or_their_own(
    site: Site, ana: Person, of_ana: Terminal
):
    await new_batch(ana, "Monday", options={"format": "PNG"})
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        film(of_ana.folder, name)
    assert (await of_ana.fiapx("upload", "a.mp4", "--batch", "Monday", "--quiet")).code == 0
    assert (await of_ana.fiapx("upload", "b.mp4", "--batch", "Monday", "--quality", "9", "--quiet")).code == 0
    ended = await of_ana.fiapx("upload", "a.mp4", "c.mp4", "--batch", "Tuesday")
    assert (ended.code, ended.err) == (0, "")
    assert await batches(ana) == {
        "Monday": [("a.mp4", "PNG", None), ("b.mp4", "JPEG", 9)],
        "Tuesday": [("a.mp4", "JPEG", 90), ("c.mp4", "JPEG", 90)],
    }


async def test_a_batch_of_a_name_that_is_none_is_refused_before_a_film_is_sent(site: Site, of_ana: Terminal):
    film(of_ana.folder, "a.mp4")
    ended = await of_ana.fiapx("upload", "a.mp4", "--batch", "x" * 101)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("fiapx upload: INVALID_INPUT: A name has 1 to 100 characters.")
    assert site.queue.videos == []


async def test_a_batch_is_fetched_by_its_name_or_its_id(site: Site, ana: Person, of_ana: Terminal):
    batch = await new_batch(ana, "Férias 2026")
    for name in ("a.mp4", "b.mp4"):
        await joined(site, ana, batch, name, stored(("frame.jpg", name.encode())))
    for number in range(60):
        await new_batch(ana, f"{number}")
    ended = await of_ana.fiapx("download", "--batch", "Férias 2026")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[-1] == "Férias 2026: downloaded, Férias 2026.frames.zip, 2 of 2 videos"
    ended = await of_ana.fiapx("download", "--batch", batch, "-o", "out/all.zip", "--json")
    told = json.loads(ended.out.splitlines()[-1])
    assert (told["state"], told["id"], told["result"]) == ("downloaded", batch, "out/all.zip")
    for path in ("Férias 2026.frames.zip", "out/all.zip"):
        with zipfile.ZipFile(io.BytesIO(Path(of_ana.folder, path).read_bytes())) as archive:
            assert {one: archive.read(one) for one in archive.namelist()} == {
                "a/frame.jpg": b"a.mp4",
                "b/frame.jpg": b"b.mp4",
            }
    again = await of_ana.fiapx("download", "--batch", batch)
    assert (again.code, "is there already; --force replaces it." in again.err) == (1, True)
    assert (await of_ana.fiapx("download", "--batch", batch, "--force", "--quiet")).code == 0


async def test_what_makes_no_sense_or_is_not_there_is_said_in_a_sentence(site: Site, ana: Person, of_ana: Terminal):
    batch = await new_batch(ana, "Monday")
    for words in ((), (batch, "--batch", "Monday")):
        ended = await of_ana.fiapx("download", *words)
        assert (ended.code, "name videos by their ids, or a batch by --batch." in ended.err) == (2, True)
    ended = await of_ana.fiapx("download", "--batch", "Sunday")
    assert (ended.code, ended.err) == (1, "fiapx download: BATCH_NOT_FOUND: You have no batch Sunday.\n")
    ended = await of_ana.fiapx("download", "--batch", "Monday")
    assert (ended.code, ended.err.startswith("fiapx download: Monday: PROCESSING_NOT_FINISHED: ")) == (1, True)
