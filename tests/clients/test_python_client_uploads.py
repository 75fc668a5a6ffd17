"""What the Python client sends arrives, whatever comes between, against the running service and a real storage."""

import asyncio
import os
import random
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest

from app.infra.links import PresignedParts
from app.infra.s3.client import s3_client
from fiapx_client import AsyncFiapX, FiapX, Progress, Refused, Stopped
from tests.clients.conftest import FOLDER, registered, running, stored
from tests.parts.http_line import HttpLine
from tests.parts.line_fixtures import line, site
from tests.parts.site import MP4, PASSWORD, Person, Site
from tests.parts.site_fixtures import site_with_storage
from tests.parts.stores import S3Part
from tests.parts.waiting import until

__all__ = ["line", "site"]

PART = 8 * 1024**2


def film(folder: Path, parts: int) -> Path:
    """A film of so many parts, the last of which is a small one."""
    path = folder / "film.mp4"
    path.write_bytes(MP4 + os.urandom((parts - 1) * PART))
    return path


def rising(told: list[Progress]) -> bool:
    return all(before.done_bytes <= after.done_bytes for before, after in pairwise(told))


async def test_a_film_arrives_in_parts_and_its_progress_never_falls(
    site: Site, ana: Person, line: HttpLine, tmp_path: Path
):
    path, told = film(tmp_path, 3), list[Progress]()
    async with AsyncFiapX(site.url, key=ana.token) as fiapx:
        upload = fiapx.upload(path, options={"select": {"count": 7}, "format": "PNG"}, on_progress=told.append)
        video = await upload.done()
    assert (video.status, video.name, video.size_bytes) == ("PENDING", "film.mp4", path.stat().st_size)
    assert await stored(site, video.id) == path.read_bytes()
    assert sorted(line.taken) == [1, 2, 3]
    assert rising(told)
    assert len({now.done_bytes for now in told}) > 10
    assert told[-1] == Progress("completing", video.size_bytes, video.size_bytes)
    asked = "query($id: ID!) { video(id: $id) { ... on VideoProcessing { options { format select { count } } } } }"
    assert (await ana.ask(asked, id=video.id))["video"]["options"] == {"format": "PNG", "select": {"count": 7}}
    unwanted = {"authorization", "content-type", "transfer-encoding"}
    assert [one.headers for one in line.asked if unwanted.intersection(one.headers)] == []


async def test_killed_at_any_moment_and_started_again_it_sends_no_confirmed_part_twice(
    site: Site, ana: Person, line: HttpLine, tmp_path: Path
):
    path = film(tmp_path, 6)
    command = (sys.executable, str(FOLDER / "sending.py"), site.url, ana.token, str(path))
    # Two parts are under way at once, so whoever is beyond the second's end has one that is confirmed.
    moments = [2 * PART + random.randrange(1, PART), random.randrange(PART, 2 * PART)]
    for moment in moments:
        line.dark_at_sent = line.sent_bytes + moment
        async with running(*command):  # Which ends it by SIGKILL.
            await line.darkened()
        line.light.set()
        assert line.taken, moments
    async with running(*command) as program:
        sent = await program.step()
        assert await program.end() == 0
    assert sent["status"] == "PENDING", moments
    assert await stored(site, sent["id"]) == path.read_bytes(), moments
    assert (set(line.taken), line.resent) == ({1, 2, 3, 4, 5, 6}, []), moments


async def test_a_line_that_is_cut_in_the_midst_of_a_part_costs_that_part_alone(
    site: Site, ana: Person, line: HttpLine, tmp_path: Path
):
    path, told = film(tmp_path, 3), list[Progress]()
    line.cut_at_sent = PART + random.randrange(PART // 4, PART)
    async with AsyncFiapX(site.url, key=ana.token) as fiapx:
        video = await fiapx.upload(path, on_progress=told.append, parallel=1).done()
    assert await stored(site, video.id) == path.read_bytes()
    assert [one.part for one in line.asked] == [1, 2, 2, 3]
    assert [now.problem.code for now in told if now.problem] == ["NETWORK"]
    assert rising(told)


async def test_addresses_that_have_expired_are_renewed(
    empty_database: Path, line: HttpLine, s3: S3Part, bucket: str, tmp_path: Path
):
    client = s3_client(line.url, region="us-east-1", access_key=s3.access_key, secret_key=s3.secret_key)
    short = PresignedParts(client, bucket, lifetime_seconds=1)
    path, told = film(tmp_path, 2), list[Progress]()
    async with (
        site_with_storage(empty_database, tmp_path, s3, bucket, part_links=short) as site,
        site.person() as ana,
        AsyncFiapX(site.url, key=ana.token) as fiapx,
    ):
        line.flows.clear()
        upload = fiapx.upload(path, on_progress=told.append)
        await until(lambda: line.asked)
        asked_at = time.monotonic()
        await until(lambda: time.monotonic() - asked_at > 2.5)
        line.flows.set()
        video = await upload.done()
        assert await stored(site, video.id) == path.read_bytes()
    client.close()
    assert [now.problem.code for now in told if now.problem] == ["URL_REFUSED"]
    assert {one.status for one in line.asked} == {403, 200}


async def test_a_session_that_expired_is_renewed_once_for_all_who_notice(site: Site):
    email = await registered(site)
    async with HttpLine(site.url).open() as line, AsyncFiapX(line.url) as fiapx:
        await fiapx.sign_in(email, PASSWORD)
        site.clock.advance(3601)
        line.asked.clear()
        assert await asyncio.gather(*(fiapx.keys() for _ in range(3))) == [[], [], []]
        assert len(line.asked) == 3 + 1 + 3


async def test_any_thread_pauses_resumes_and_cancels(site: Site, ana: Person, line: HttpLine, tmp_path: Path):
    path, told, loop = film(tmp_path, 3), list[Progress](), asyncio.get_running_loop()

    def flow(until_taken: int) -> None:
        line.flows_until_taken = until_taken
        loop.call_soon_threadsafe(line.flows.set)

    def story() -> None:
        flow(1)
        with FiapX(site.url, key=ana.token) as fiapx:
            upload = fiapx.upload(path, on_progress=told.append, parallel=1)
            assert reached(lambda: [one.part for one in line.asked if one.method == "PUT"] == [1, 2])
            upload.pause()
            assert reached(lambda: upload.progress.phase == "paused")
            asked = len(line.asked)
            assert not reached(lambda: len(line.asked) > asked, 0.3)
            flow(2)
            upload.resume()
            assert reached(lambda: len(line.taken) > 1)
            canceling = threading.Thread(target=upload.cancel)
            canceling.start()
            canceling.join()
            with pytest.raises(Stopped):
                upload.done()

    await asyncio.to_thread(story)
    line.flows.set()
    assert rising(told)
    begun = "query { me { storedBytes } }"
    assert (await ana.ask(begun))["me"]["storedBytes"] == 0


def reached(condition: object, seconds: float = 10) -> bool:
    """Wait for a condition in a thread; tell whether it came."""
    assert callable(condition)
    never, rounds = threading.Event(), int(seconds / 0.005)
    return any(condition() or never.wait(0.005) for _ in range(rounds))


async def test_a_file_that_changes_while_it_is_sent_is_refused_in_a_sentence(
    site: Site, ana: Person, line: HttpLine, tmp_path: Path
):
    path = film(tmp_path, 3)
    async with AsyncFiapX(site.url, key=ana.token) as fiapx:
        upload = fiapx.upload(path, parallel=1)
        await until(lambda: line.taken)
        with path.open("ab") as file:
            file.write(b"more")
        with pytest.raises(Refused) as refused:
            await upload.done()
    assert refused.value.code == "UNREADABLE"
    assert str(refused.value) == f"{path} was changed while it was being sent; send it again."


@pytest.mark.parametrize(
    ("name", "code", "sentence"),
    [
        ("letter.mp4", "UNSUPPORTED_FILE_FORMAT", "This file is named .mp4 but its content is text."),
        ("none.mp4", "UNREADABLE", "cannot be read: No such file or directory."),
        ("folder.mp4", "UNREADABLE", "is not a file."),
    ],
)
async def test_what_is_no_film_is_refused_with_code_and_sentence(
    site: Site, ana: Person, tmp_path: Path, name: str, code: str, sentence: str
):
    (tmp_path / "letter.mp4").write_bytes(b"Dear Ana")
    (tmp_path / "folder.mp4").mkdir()
    async with AsyncFiapX(site.url, key=ana.token) as fiapx:
        with pytest.raises(Refused) as refused:
            await fiapx.upload(tmp_path / name).done()
    assert refused.value.code == code
    assert sentence in refused.value.message


async def test_a_wrong_password_is_refused(site: Site):
    async with AsyncFiapX(site.url) as fiapx:
        with pytest.raises(Refused) as refused:
            await fiapx.sign_in(await registered(site), "another than that")
    assert refused.value.code == "INVALID_CREDENTIALS"


async def test_leaving_the_client_stops_what_is_under_way(site: Site, ana: Person, line: HttpLine, tmp_path: Path):
    path = film(tmp_path, 3)
    async with AsyncFiapX(site.url, key=ana.token) as fiapx:
        upload = fiapx.upload(path, parallel=1)
        await until(lambda: line.taken)
    with pytest.raises(Stopped):
        await upload.done()
