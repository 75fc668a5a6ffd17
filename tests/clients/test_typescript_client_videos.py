"""What the TypeScript client is told of videos, live and asked, and what it downloads, against the running service."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.domain.session import Scope
from app.infra.links import PresignedLinks
from app.infra.s3.client import s3_client
from devserver.ports import free_pair
from tests.clients.conftest import Program, node, registered, running
from tests.clients.typescript import example, ran
from tests.parts.api_keys import program
from tests.parts.pictures import taken
from tests.parts.site import MP4, PASSWORD, Person, Site, running_site
from tests.parts.stores import S3Part
from tests.parts.waiting import until

ZIP = b"PK\x03\x04" + random.Random(7).randbytes(16 * 1024**2)
"""So large that not all of it has left when the first of it comes."""
QUARTER = len(ZIP) // 4
Doing = Callable[..., AbstractAsyncContextManager[Program]]


@pytest.fixture
def doing(package: Path, site: Site, ana: Person) -> Doing:
    """Let a program do something, with Ana's token where it has no key."""

    def begin(deed: str, *given: str, key: str = ana.token) -> AbstractAsyncContextManager[Program]:
        return running(node(), str(package / "videos.mjs"), site.url, key, deed, *given)

    return begin


async def refusal(doing: Doing, deed: str, *given: str, **key: str) -> tuple[str, str]:
    async with doing(deed, *given, **key) as does:
        while "code" not in (step := await does.step()):
            pass
        return step["code"], step["message"]


async def held(does: Program) -> list[dict[str, Any]]:
    """Follow a download until it takes no more."""
    steps = [await does.step()]
    while "holds" not in steps[-1]:
        steps.append(await does.step())
    return steps


async def saved(does: Program) -> list[dict[str, Any]]:
    """Follow a download to its end."""
    steps = [await does.step()]
    while "saved" not in steps[-1]:
        assert "message" not in steps[-1], steps[-1]
        steps.append(await does.step())
    return steps


def answered(steps: list[dict[str, Any]]) -> list[int]:
    return [step["answered"] for step in steps if "answered" in step]


async def completed(site: Site, ana: Person, content: bytes = ZIP) -> str:
    video = await ana.uploaded()
    await site.completed(video, content)
    return video


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("frames*"))


async def test_a_video_is_watched_to_its_end_over_lines_that_break(site: Site, ana: Person, doing: Doing):
    video = await ana.uploaded()
    async with doing("watch", video) as watches:
        assert await watches.step() == {"status": "PENDING", "percent": 0}
        held = await site.claimed(video)
        assert await watches.step() == {"status": "PROCESSING", "percent": 0}
        await site.progressed(held, 40)
        assert await watches.step() == {"status": "PROCESSING", "percent": 40}
        site.cut_connections()
        await until(lambda: not site.live.watchers(ana.id))
        await until(lambda: site.live.watchers(ana.id))
        await site.progressed(replace(held, version=held.version + 1), 60)
        assert await watches.step() == {"status": "PROCESSING", "percent": 60}
        site.cut_connections()
        await site.finished(held)  # While nobody hears it.
        assert await watches.step() == {"status": "COMPLETED", "percent": 100}
        assert await watches.end() == 0


async def test_a_session_that_ends_meanwhile_is_renewed_and_watching_goes_on(site: Site, doing: Doing):
    account = {"email": "ana@example.com", "password": PASSWORD}
    async with site.client() as client:
        await client.post("/auth/register", json={"name": "Ana Souza", **account})
        signed_in = (await client.post("/auth/login", json=account)).json()
        client.headers["Authorization"] = f"Bearer {signed_in['access_token']}"
        sent = await client.post("/videos/upload", files={"file": ("a.mp4", MP4)})
    video = sent.json()["id"]
    async with doing("watch", video, key=f"{account['email']}\n{PASSWORD}") as watches:
        assert (await watches.step())["status"] == "PENDING"
        site.clock.advance(3601)
        site.cut_connections()
        await site.failed(video)
        assert (await watches.step())["status"] == "FAILED"
        assert await watches.end() == 0


async def test_whoever_has_seen_enough_ends_the_stream_and_the_program(site: Site, ana: Person, doing: Doing):
    async with doing("leave", await ana.uploaded()) as watches:
        assert await watches.step() == {"status": "PENDING"}
        assert await watches.end() == 0


async def test_what_is_deleted_or_was_never_there_is_told_with_code_and_sentence(site: Site, ana: Person, doing: Doing):
    video = await ana.uploaded()
    async with doing("watch", video) as watches:
        assert (await watches.step())["status"] == "PENDING"
        async with doing("delete", video) as deletes:
            assert await deletes.step() == {"deleted": video}
        said = await watches.step()
    assert (said["name"], said["code"], said["message"]) == ("Refused", "VIDEO_NOT_FOUND", "The video was deleted.")
    assert await refusal(doing, "video", video) == ("VIDEO_NOT_FOUND", "This video does not exist.")


async def test_a_list_has_all_and_a_video_has_all_that_is_promised(site: Site, ana: Person, doing: Doing):
    videos = [await ana.uploaded() for _ in range(3)]
    await site.completed(videos[1])
    async with doing("list") as lists:
        listed = [await lists.step() for _ in videos]
        assert await lists.end() == 0
    status = {videos[0]: "PENDING", videos[1]: "COMPLETED", videos[2]: "PENDING"}
    assert {video["id"]: video["status"] for video in listed} == status
    async with doing("wait", videos[1]) as waits:
        whole = await waits.step()
    assert (whole["originalFileName"], whole["sizeBytes"], whole["result"]["frameCount"]) == ("a.mp4", len(MP4), 3)


async def test_a_key_without_the_scope_is_refused_with_code_and_sentence(
    site: Site, ana: Person, doing: Doing, tmp_path: Path
):
    video = await completed(site, ana, MP4)
    async with program(site, ana, Scope.UPLOAD) as camera:
        told = [
            await refusal(doing, deed, video, str(tmp_path / "frames.zip"), key=camera.token)
            for deed in ("watch", "download", "delete")
        ]
    sentence = "This key may not do this: it needs the scope {}."
    assert told == [("INSUFFICIENT_SCOPE", sentence.format(scope)) for scope in ("read", "read", "delete")]
    assert names(tmp_path) == []


async def test_a_download_that_is_cut_at_half_goes_on_there(site: Site, ana: Person, doing: Doing, tmp_path: Path):
    video, to, goes_on = await completed(site, ana), tmp_path / "frames.zip", tmp_path / "goes on"
    async with doing("download", video, str(to), str(QUARTER), str(goes_on)) as downloads:
        steps = await held(downloads)
        site.cut_connections()
        goes_on.touch()
        steps += await saved(downloads)
    assert to.read_bytes() == ZIP
    assert names(tmp_path) == ["frames.zip"]
    assert answered(steps) == [206, 206]
    assert len([step for step in steps if "begins" in step]) == 1
    told = [step for step in steps if "phase" in step]
    assert [step["problem"] for step in told if step["phase"] == "waiting"] == ["NETWORK"]
    bytes_told = [step["receivedBytes"] for step in told]
    assert bytes_told == sorted(bytes_told)
    assert (told[-1]["phase"], told[-1]["receivedBytes"], told[-1]["totalBytes"]) == ("checking", len(ZIP), len(ZIP))


@asynccontextmanager
async def killed_on_the_way(doing: Doing, video: str, to: Path) -> AsyncIterator[int]:
    """Download a part of a ZIP, be killed, and give how much there is."""
    async with doing("download", video, str(to), str(QUARTER), "never") as downloads:
        await held(downloads)
    assert names(to.parent) == ["frames.zip.part", "frames.zip.part.etag"]
    yield (to.parent / "frames.zip.part").stat().st_size


async def test_a_program_that_was_killed_goes_on_where_it_was(site: Site, ana: Person, doing: Doing, tmp_path: Path):
    video, to = await completed(site, ana), tmp_path / "frames.zip"
    async with killed_on_the_way(doing, video, to) as size, doing("download", video, str(to)) as downloads:
        assert QUARTER <= size < len(ZIP)
        steps = await saved(downloads)
    assert to.read_bytes() == ZIP
    assert answered(steps) == [206]
    assert not [step for step in steps if "begins" in step]
    assert min(step["receivedBytes"] for step in steps if step.get("phase") == "receiving") >= size


@pytest.mark.parametrize("left", [len(ZIP), len(ZIP) + 4], ids=["all of it", "more than it has"])
async def test_what_a_killed_program_left_may_be(site: Site, ana: Person, doing: Doing, tmp_path: Path, left: int):
    video, to = await completed(site, ana), tmp_path / "frames.zip"
    async with killed_on_the_way(doing, video, to), doing("download", video, str(to)) as downloads:
        (tmp_path / "frames.zip.part").write_bytes((ZIP + b"more")[:left])
        steps = await saved(downloads)
    assert any("begins" in step for step in steps) == (left > len(ZIP))
    assert to.read_bytes() == ZIP
    assert names(tmp_path) == ["frames.zip"]


async def test_a_zip_that_changed_begins_anew(site: Site, ana: Person, doing: Doing, tmp_path: Path):
    to, other = tmp_path / "frames.zip", bytes(reversed(ZIP))
    first, second = await completed(site, ana), await completed(site, ana, other)
    async with killed_on_the_way(doing, first, to), doing("download", second, str(to)) as downloads:
        steps = await saved(downloads)
    assert to.read_bytes() == other
    assert answered(steps) == [200]
    assert names(tmp_path) == ["frames.zip"]


async def test_a_part_that_was_damaged_is_found_out_and_not_kept(site: Site, ana: Person, doing: Doing, tmp_path: Path):
    video, to = await completed(site, ana), tmp_path / "frames.zip"
    async with killed_on_the_way(doing, video, to):
        with (tmp_path / "frames.zip.part").open("r+b") as part:
            part.write(b"??")
        code, sentence = await refusal(doing, "download", video, str(to))
    assert (code, sentence.endswith("download it again.")) == ("DAMAGED", True)
    assert names(tmp_path) == []


async def test_whoever_cancels_a_download_can_go_on_later(site: Site, ana: Person, doing: Doing, tmp_path: Path):
    video = await completed(site, ana)
    async with doing("cancel", video, str(tmp_path / "frames.zip")) as cancels:
        assert (await cancels.step())["name"] == "AbortError"
        assert await cancels.end() == 0
    assert names(tmp_path) == ["frames.zip.part", "frames.zip.part.etag"]
    assert 0 < (tmp_path / "frames.zip.part").stat().st_size < len(ZIP)


async def test_from_the_storage_itself_it_goes_on_too_and_is_checked_by_what_the_service_says(
    package: Path, empty_database: Path, tmp_path: Path, s3: S3Part, bucket: str
):
    client = s3_client(s3.url, region="us-east-1", access_key=s3.access_key, secret_key=s3.secret_key)
    links, to = PresignedLinks(client, bucket, lifetime_seconds=300), tmp_path / "frames.zip"
    async with running_site(empty_database, tmp_path, storage_links=links) as site, site.person() as ana:
        video = await completed(site, ana)

        def doing(deed: str, *given: str) -> AbstractAsyncContextManager[Program]:
            return running(node(), str(package / "videos.mjs"), site.url, ana.token, deed, *given)

        def stored(content: bytes) -> None:
            client.put_object(Bucket=bucket, Key=f"results/{video}/1.zip", Body=content)

        await asyncio.to_thread(stored, ZIP)
        async with killed_on_the_way(doing, video, to), doing("download", video, str(to)) as downloads:
            steps = await saved(downloads)
        assert to.read_bytes() == ZIP
        assert answered(steps) == [307, 206, 200]
        assert not [step for step in steps if "begins" in step]
        await asyncio.to_thread(stored, ZIP[:-2] + b"??")
        assert (await refusal(doing, "download", video, str(to)))[0] == "DAMAGED"
    client.close()


async def test_where_nothing_comes_from_the_storage_although_the_service_answers_it_says_so(
    package: Path, empty_database: Path, tmp_path: Path
):
    client = s3_client(f"http://127.0.0.1:{free_pair()}", region="us-east-1", access_key="any", secret_key="any")
    links, to = PresignedLinks(client, "films", lifetime_seconds=300), str(tmp_path / "frames.zip")
    async with running_site(empty_database, tmp_path, storage_links=links) as site, site.person() as ana:
        download = (
            node(),
            str(package / "videos.mjs"),
            site.url,
            ana.token,
            "download",
            await completed(site, ana),
            to,
        )
        async with running(*download) as downloads:
            while "code" not in (step := await downloads.step()):
                pass
    client.close()
    assert (step["name"], step["code"]) == ("Refused", "STORAGE_UNREACHABLE")
    assert names(tmp_path) == []


async def test_the_example_of_frames_watches_and_downloads_with_a_key(package: Path, site: Site, ana: Person):
    video = await completed(site, ana)
    async with program(site, ana, Scope.READ) as key:
        said = await ran(package, "frames.mjs", example("frames.mjs", site), video, key=key.token)
    assert said.splitlines()[0] == "COMPLETED 100 %"
    assert (package / "frames.zip").read_bytes() == ZIP


async def test_the_example_of_a_list_deletes_what_failed(package: Path, site: Site, ana: Person):
    failed, other = await ana.uploaded(), await ana.uploaded()
    await site.failed(failed)
    async with program(site, ana, Scope.READ, Scope.DELETE) as key:
        said = await ran(package, "list.mjs", example("list.mjs", site), key=key.token)
    assert said.startswith("a.mp4 CORRUPT_VIDEO ")
    listed = await ana.ask("{ videos { edges { node { id } } } }")
    assert [edge["node"]["id"] for edge in listed["videos"]["edges"]] == [other]


async def test_the_example_of_management_cancels_processes_again_and_makes_a_key(package: Path, site: Site):
    email = await registered(site)
    async with site.client() as client:
        signed_in = await client.post("/auth/login", json={"email": email, "password": PASSWORD})
        client.headers["Authorization"] = f"Bearer {signed_in.json()['access_token']}"
        sent = await client.post("/videos/upload", files={"file": ("a.mp4", MP4)})
    await taken(site, sent.json()["id"])
    said = await ran(package, "manage.mjs", example("manage.mjs", site, email), sent.json()["id"])
    assert said.splitlines() == ["a-2-frames.zip 2 true", "FAILED CANCELED", "true [ 'Camera: UPLOAD' ]"]
