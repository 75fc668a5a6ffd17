"""Films and frames between a terminal and a service with a real storage."""

import asyncio
import json
import os
import pty
import re
import signal
import zipfile
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.domain.video import VideoId, archive_key
from app.wiring import attempt_video
from tests.clients.conftest import stored
from tests.fakes.extractor import ScriptedExtractor
from tests.parts.http_line import HttpLine
from tests.parts.pictures import many
from tests.parts.site import MP4, ZIP, Person, Site
from tests.parts.waiting import until
from tests.parts.wired import decoding_parts
from tests.remote.conftest import Terminal

pytestmark = pytest.mark.slow

PART = 8 * 1024**2


def film(folder: Path, name: str, parts: int = 1) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(MP4 + os.urandom((parts - 1) * PART + 2048))
    return path


def taken_twice(line: HttpLine) -> list[tuple[str, int]]:
    """The parts, each by its upload, that the storage took more than once."""
    taken = Counter((urlsplit(one.target).path, one.part) for one in line.asked if one.status == 200)
    return [part for part, times in taken.items() if times > 1]


async def worked(site: Site, video: str) -> None:
    """A worker takes the video and turns it into a ZIP."""
    held = await site.claimed(video)
    async with site.opened.storage.writer(archive_key(held.id, held.attempt), "application/zip") as writer:
        await writer.write(ZIP)
    await site.finished(held)


async def test_a_folder_is_sent_watched_to_its_end_and_its_frames_are_the_services(
    site: Site, ana: Person, of_ana: Terminal
):
    films = [film(of_ana.folder, "films/a.mp4"), film(of_ana.folder, "films/b.MOV")]
    for name in ("films/letter.txt", "films/._a.mp4", "films/older/c.mp4"):
        film(of_ana.folder, name)
    words = ("upload", "films", "--download", "frames", "--count", "7", "--format", "png", "--json")
    async with of_ana.begun(*words) as process:
        await until(lambda: len(site.queue.videos) == 2, 30)
        for video in list(site.queue.videos):
            await worked(site, str(video))
        async with asyncio.timeout(30):
            out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    told = [json.loads(line) for line in out.splitlines()]
    ended = {one["file"]: one for one in told if one["result"]}
    assert {one["state"] for one in told} >= {"sending", "completing", "COMPLETED", "downloaded"}
    assert set(ended) == {"films/a.mp4", "films/b.MOV"}
    for sent in films:
        one = ended[str(sent.relative_to(of_ana.folder))]
        assert await stored(site, one["id"]) == sent.read_bytes()
        assert one["result"] == f"frames/{sent.stem}.frames.zip"
        assert (of_ana.folder / one["result"]).read_bytes() == ZIP
    asked = "query($id: ID!) { video(id: $id) { ... on VideoProcessing { options { format select { count } } } } }"
    answer = await ana.ask(asked, id=ended["films/a.mp4"]["id"])
    assert answer["video"]["options"] == {"format": "PNG", "select": {"count": 7}}
    again = await of_ana.fiapx(*words)
    assert again.code == 2
    assert "is there already; --force replaces it." in again.err


async def test_killed_and_started_again_it_sends_no_film_and_no_part_twice(
    site: Site, of_ana: Terminal, line: HttpLine
):
    film(of_ana.folder, "a.mp4")
    large = film(of_ana.folder, "b.mp4", 6)
    line.dark_at_sent = line.sent_bytes + 4 * PART
    async with of_ana.begun("upload", "*.mp4"):  # Which ends it by SIGKILL.
        await line.darkened()
        await until(lambda: list(of_ana.folder.glob("state/fiapx/uploads/*.json")))
        assert len(site.queue.videos) == 1
    line.light.set()
    await line.settled()  # What the storage already had whole is there, though nobody heard so.
    ended = await of_ana.fiapx("upload", "*.mp4")
    assert (ended.code, ended.err) == (0, "")
    assert len(site.queue.videos) == 2
    sent = dict(re.findall(r"^(\w\.mp4): (?:PENDING|sent before), (\S+)$", ended.out, re.MULTILINE))
    assert await stored(site, sent["b.mp4"]) == large.read_bytes()
    assert "a.mp4: sent before, " in ended.out
    assert taken_twice(line) == []
    ended = await of_ana.fiapx("upload", "a.mp4")
    assert ended.out.splitlines()[-1].startswith("a.mp4: PENDING, ")  # Another command sends it anew.


async def test_ctrl_c_leaves_what_was_sent_to_be_gone_on_with(of_ana: Terminal, line: HttpLine):
    film(of_ana.folder, "a.mp4", 6)
    line.dark_at_sent = line.sent_bytes + 5 * PART
    async with of_ana.begun("upload", "a.mp4") as process:
        await line.darkened()
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(20):
            _, err = await process.communicate()
    assert (process.returncode, err.decode()) == (
        130, "fiapx upload: stopped; the same command goes on where it was.\n",
    )  # fmt: skip
    line.light.set()
    await line.settled()  # What the storage already had whole is there, though nobody heard so.
    assert (await of_ana.fiapx("upload", "a.mp4", "--quiet")).code == 0
    assert taken_twice(line) == []


async def test_what_is_refused_is_said_with_its_code_and_the_others_go_on(site: Site, of_ana: Terminal):
    film(of_ana.folder, "b.mp4")
    (of_ana.folder / "letter\x1b.mp4").write_bytes(b"Dear Ana")
    ended = await of_ana.fiapx("upload", "letter*", "b.mp4", "--quality", "101")
    assert ended.code == 1
    assert "--quality: Quality is 1 to 100." in ended.err
    ended = await of_ana.fiapx("upload", "letter*", "b.mp4")
    assert ended.code == 1
    assert ended.err.startswith("fiapx upload: letter\ufffd.mp4: UNSUPPORTED_FILE_FORMAT: This file is named .mp4 but ")
    assert len(site.queue.videos) == 1


async def test_a_failed_video_ends_watching_with_its_code_and_sentence(site: Site, ana: Person, of_ana: Terminal):
    video = await ana.uploaded()
    await site.failed(video)
    ended = await of_ana.fiapx("watch", video)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(f"fiapx watch: {video}: CORRUPT_VIDEO: ")


async def test_videos_are_listed_downloaded_and_deleted(site: Site, ana: Person, of_ana: Terminal):
    hostile = await ana.uploaded(name="f\x1b[2J.mp4")
    site.clock.advance(1)
    other = await ana.uploaded(name="b.mp4")
    await worked(site, hostile)
    listed = await of_ana.fiapx("list")
    assert [line.split("\t")[0] for line in listed.out.splitlines()] == [other, hostile]
    listed = await of_ana.fiapx("list", "--status", "completed", "--json")
    (one,) = map(json.loads, listed.out.splitlines())
    assert (one["id"], one["frameCount"]) == (hostile, 3)
    ended = await of_ana.fiapx("download", hostile, other)
    assert ended.code == 1
    assert ended.err.startswith(f"fiapx download: {other}: PROCESSING_NOT_FINISHED: ")
    (result,) = of_ana.folder.glob("*.frames.zip")
    assert (result.name, result.read_bytes()) == ("f[2J.frames.zip", ZIP)
    ended = await of_ana.fiapx("delete", hostile)
    assert (ended.code, "there is nobody to ask; say --yes." in ended.err) == (2, True)
    assert (await of_ana.fiapx("delete", hostile, "--yes")).code == 0
    assert [line.split("\t")[0] for line in (await of_ana.fiapx("list")).out.splitlines()] == [other]


async def test_a_terminal_sees_bars_and_what_is_said_besides_goes_where_it_belongs(
    site: Site, ana: Person, of_ana: Terminal
):
    video = await ana.uploaded()
    held = await site.claimed(video)
    (ours, theirs), wide = pty.openpty(), {"TERM": "xterm", "COLUMNS": "120"}
    async with of_ana.begun("watch", video, stderr=theirs, environment=wide) as process:
        await until(lambda: site.live.watchers(ana.id), 30)
        await site.progressed(held, 40)
        os.close(theirs)
        shown = ""
        async with asyncio.timeout(30):
            while " 40 %" not in shown:
                shown += (await asyncio.to_thread(os.read, ours, 65536)).decode("utf-8", "replace")
        await site.finished(held)
        async with asyncio.timeout(20):
            out, _ = await process.communicate()
    os.close(ours)
    assert (process.returncode, out.decode()) == (0, f"{video}: COMPLETED, 3 frames\n")
    assert video in shown
    assert "PROCESSING" in shown


async def test_chosen_frames_are_fetched_alone(site: Site, ana: Person, of_ana: Terminal):
    video = await ana.uploaded(name="holiday.mp4")
    film = list(many(12))
    attempt = attempt_video(site.settings, site.opened, decoding_parts(ScriptedExtractor(film)))
    assert await attempt(VideoId(video)) is None
    ended = await of_ana.fiapx("download", video, "--frames", "3,7-9")
    assert ended.code == 0, ended.err
    with zipfile.ZipFile(of_ana.folder / "holiday.chosen.zip") as archive:
        assert [archive.read(name) for name in archive.namelist()[:-1]] == [
            film[place - 1].data for place in (3, 7, 8, 9)
        ]
    wrong = await of_ana.fiapx("download", video, "--frames", "99", "--force")
    assert (wrong.code, "1 to 12" in wrong.err) == (1, True)
    both = await of_ana.fiapx("download", "--batch", "x", "--frames", "1")
    assert both.code == 2
