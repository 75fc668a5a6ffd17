"""Films behind links, from a terminal."""

import asyncio
import json
import signal

import pytest

from app.domain.failure import ImportFailureCode
from app.domain.video import archive_key
from tests.fakes.sources import MemorySources
from tests.parts.site import MP4, ZIP, Person, Site
from tests.parts.waiting import until
from tests.remote.conftest import Terminal

pytestmark = pytest.mark.slow

LINK = "https://films.example/holiday.mp4?key=secret"


async def worked(site: Site, video: str) -> None:
    held = await site.claimed(video)
    async with site.opened.storage.writer(archive_key(held.id, held.attempt), "application/zip") as writer:
        await writer.write(ZIP)
    await site.finished(held)


async def test_a_link_is_fetched_processed_and_its_frames_are_here(site: Site, ana: Person, of_ana: Terminal):
    words = ("import", LINK, "--download", "frames", "--count", "7", "--json")
    async with of_ana.begun(*words) as process:
        await until(lambda: site.queue.imports, 30)
        (film,) = site.queue.imports
        assert await site.fetch_import(MemorySources(holiday=MP4))(film) is None
        await worked(site, film)
        async with asyncio.timeout(30):
            out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    told = [json.loads(line) for line in out.splitlines()]
    states = [one["state"] for one in told]
    assert states[-1] == "downloaded"
    assert [state for state in states if state in {"IMPORTED", "COMPLETED"}] == ["IMPORTED", "COMPLETED"]
    assert {(one["file"], one["id"]) for one in told} == {(LINK, film)}
    assert (of_ana.folder / "frames" / "holiday.frames.zip").read_bytes() == ZIP
    see = "query($id: ID!) { video(id: $id) { ... on VideoProcessing { options { select { count } } } } }"
    assert (await ana.ask(see, id=film))["video"]["options"] == {"select": {"count": 7}}
    assert not list((of_ana.folder / "state").rglob("*.json"))


async def test_what_is_refused_says_why_and_shows_nothing_of_a_key(site: Site, of_ana: Terminal):
    async with of_ana.begun("import", LINK, "http://films.example/a.mp4?key=secret") as process:
        await until(lambda: site.queue.imports, 30)
        assert await site.fetch_import(MemorySources())(site.queue.imports[0]) is None
        async with asyncio.timeout(30):
            out, err = await process.communicate()
    assert process.returncode == 1
    lines = err.decode().splitlines()
    assert sorted(lines) == [
        "fiapx import: http://films.example/a.mp4: INVALID_INPUT: An import's URL begins with https://.",
        f"fiapx import: https://films.example/holiday.mp4: LINK_REFUSED: {ImportFailureCode.LINK_REFUSED.reason}",
    ]
    assert b"secret" not in out + err
    kept = b"".join(path.read_bytes() for path in (of_ana.folder / "state").rglob("*.json"))
    assert b"secret" not in kept
    two = await of_ana.fiapx("import", LINK, "https://films.example/b.mp4", "--name", "a.mp4")
    assert (two.code, two.err) == (2, "fiapx import: a.mp4 cannot be the name of 2 films.\n")


async def test_the_same_command_follows_the_same_import_again(site: Site, of_ana: Terminal):
    async with of_ana.begun("import", LINK) as process:
        await until(lambda: site.queue.imports, 30)
        await until(lambda: list((of_ana.folder / "state").rglob("*.json")))
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(30):
            _, err = await process.communicate()
    assert process.returncode == 130
    assert b"the service goes on" in err
    (film,) = site.queue.imports
    assert await site.fetch_import(MemorySources(holiday=MP4))(film) is None
    again = await of_ana.fiapx("import", LINK)
    assert (again.code, again.out) == (0, f"https://films.example/holiday.mp4: IMPORTED, {film}\n")
    assert site.queue.imports == [film]
