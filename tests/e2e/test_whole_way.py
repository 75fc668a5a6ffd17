"""What a newcomer does, from ``fiapx up`` to the frames on their disk."""

import asyncio
import email
import hashlib
import io
import json
import subprocess
import zipfile
from email import policy
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import imageio_ffmpeg
import pytest
from jsonschema import Draft202012Validator

from tests.e2e.client import Person
from tests.e2e.conftest import Up

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "frames.schema.json").read_text("utf-8"))
MANIFEST = Draft202012Validator(SCHEMA)


def new_email() -> str:
    return f"{uuid4().hex}@example.com"


def decoded_size(picture: bytes) -> tuple[int, int]:
    """Decode a picture with a decoder that knows nothing of ours; give its width and height."""
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", "pipe:", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:"],
        input=picture,
        capture_output=True,
        check=True,
    )
    assert not done.stderr
    shown = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-i", "pipe:"], input=picture, capture_output=True, check=False
    ).stderr.decode()
    width, height = next(
        tuple(map(int, part.strip().split()[0].split("x")))
        for part in shown.split("Video:")[1].split(",")
        if part.strip().split()[0].replace("x", "", 1).isdigit() and "x" in part
    )
    assert len(done.stdout) == width * height
    return width, height


def check_archive(archive: zipfile.ZipFile, frames: int, size: tuple[int, int]) -> dict[str, Any]:
    assert archive.testzip() is None
    names = archive.namelist()
    assert names[-1] == "manifest.json"
    manifest: dict[str, Any] = json.loads(archive.read("manifest.json"))
    assert [entry["file"] for entry in manifest["frames"]] == names[:-1]
    assert len(names) - 1 == frames
    assert manifest["frames"][0]["timeSeconds"] == 0
    MANIFEST.validate(manifest)
    for entry in manifest["frames"]:
        picture = archive.read(entry["file"])
        assert len(picture) == entry["sizeBytes"]
        assert hashlib.sha256(picture).hexdigest() == entry["sha256"]
        assert decoded_size(picture) == size == (entry["width"], entry["height"])
    return manifest


@pytest.mark.parametrize(
    ("recording", "frames", "size"), [("bikes.mp4", 10, (640, 272)), ("bigbuckbunny.mp4", 6, (1280, 720))]
)
async def test_a_recording_becomes_a_zip_of_its_frames_watched_live(
    up: Up, samples: Path, tmp_path: Path, recording: str, frames: int, size: tuple[int, int]
):
    async with Person(up.url, new_email()) as ana:
        assert (await ana.register())["tokenType"] == "Bearer"
        assert (await ana.login())["accessToken"]
        events: list[Any] = []
        ready = asyncio.Event()

        async def watch_all() -> None:
            async for event in ana.watch():
                events.append(event)
                if event.get("status") in {"COMPLETED", "FAILED"}:
                    ready.set()
                    return

        async with asyncio.timeout(90), asyncio.TaskGroup() as group:
            group.create_task(watch_all())
            # PNG at a high rate makes the work last long enough to see it move.
            options = {"select": {"framesPerSecond": 30}, "format": "PNG"}
            video = await ana.upload(samples / recording, options=options)
            assert video["status"] == "PENDING"
            await ready.wait()
        statuses = [event["status"] for event in events]
        assert list(dict.fromkeys(statuses)) in (
            ["PENDING", "PROCESSING", "COMPLETED"],
            ["PROCESSING", "COMPLETED"],  # The socket may open after the worker began.
        )
        percents = [event["progress"]["percent"] for event in events if event["status"] == "PROCESSING"]
        assert percents == sorted(percents)
        assert any(0 < percent < 100 for percent in percents)
        assert [event["version"] for event in events] == sorted({event["version"] for event in events})

        one_a_second = await ana.upload(samples / recording)
        async with asyncio.timeout(60):
            final = await ana.until_final(one_a_second["id"])
        assert (final["status"], final["progress"]["percent"]) == ("COMPLETED", 100)
        assert [change["status"] for change in final["history"]] == ["PENDING", "PROCESSING", "COMPLETED"]
        assert (final["media"]["width"], final["media"]["height"]) == size
        listed = await ana.videos()
        assert [edge["node"]["id"] for edge in listed["edges"]] == [one_a_second["id"], video["id"]]
        zip_path = await ana.download(final["result"]["downloadUrl"], tmp_path / "frames.zip")
        assert zip_path.stat().st_size == final["result"]["sizeBytes"]
        with zipfile.ZipFile(zip_path) as archive:
            last = check_archive(archive, final["result"]["frameCount"], size)["frames"][-1]
            assert final["result"]["frameCount"] == frames
        wanted = {"Range": "bytes={first}-{last}".format(**last["range"])}
        alone = await ana.http.get(final["result"]["downloadUrl"], headers=wanted)
        assert (alone.status_code, hashlib.sha256(alone.content).hexdigest()) == (206, last["sha256"])
        sheet = await ana.download(final["result"]["contactSheetUrl"], tmp_path / "sheet.jpg")
        assert min(decoded_size(sheet.read_bytes())) > 0


async def test_the_rest_contract_alone_goes_the_whole_way(up: Up, samples: Path):
    address = new_email()
    async with httpx.AsyncClient(base_url=up.url, timeout=60) as http, asyncio.timeout(90):
        who = {"name": "Rui", "email": address, "password": "correct horse battery"}
        assert (await http.post("/auth/register", json=who)).status_code == 201
        assert (await http.post("/auth/register", json=who)).status_code == 409
        login = await http.post("/auth/login", json={"email": address, "password": who["password"]})
        assert login.status_code == 200
        assert login.json()["token_type"].lower() == "bearer"
        assert login.json()["expires_in"] in {3599, 3600}
        http.headers["Authorization"] = f"Bearer {login.json()['access_token']}"

        with (samples / "carphone_pristine.mp4").open("rb") as file:
            sent = await http.post("/videos/upload", files={"file": ("férias.mp4", file, "video/mp4")})
        assert sent.status_code == 202
        assert sent.json()["status"] == "Pending"
        video = sent.json()["id"]
        early = await http.get(f"/videos/{video}/download")
        assert early.status_code in {200, 400}
        while (item := (await http.get("/videos")).json()["items"][0])["status"] not in {"Completed", "Failed"}:
            await asyncio.sleep(0.05)
        assert (item["id"], item["status"], item["originalFileName"]) == (video, "Completed", "férias.mp4")
        assert item["s3OutputPath"]
        assert item["completedAt"]
        got = await http.get(f"/videos/{video}/download")
        assert got.status_code == 200
        assert got.headers["content-type"] == "application/zip"
        with zipfile.ZipFile(io.BytesIO(got.content)) as archive:
            manifest = check_archive(archive, len(archive.namelist()) - 1, (193, 144))  # Its pixels are 128:117.
        assert manifest["source"]["fileName"] == "férias.mp4"


async def test_a_truncated_video_fails_with_a_sentence_and_a_mail(up: Up, samples: Path, tmp_path: Path):
    cut = tmp_path / "cut.mp4"
    whole = (samples / "bigbuckbunny.mp4").read_bytes()
    cut.write_bytes(whole[: len(whole) * 6 // 10])
    address = new_email()
    async with Person(up.url, address) as ana:
        await ana.register()
        video = await ana.upload(cut)
        async with asyncio.timeout(60):
            final = await ana.until_final(video["id"])
        assert final["status"] == "FAILED"
        assert final["failure"]["code"] == "CORRUPT_VIDEO"
        assert "ends before the film does" in final["failure"]["reason"]
        assert final["result"] is None
        async with asyncio.timeout(30):
            while not (mails := up.mails_to(address)):
                await asyncio.sleep(0.1)
    assert len(mails) == 1
    mail = email.message_from_bytes(mails[0].read_bytes(), policy=policy.default)
    body = mail.get_body(("plain",))
    assert body is not None
    assert "cut.mp4" in body.get_content()


async def test_twenty_uploads_at_once_all_end_and_the_list_answers_meanwhile(up: Up, samples: Path):
    async with Person(up.url, new_email()) as ana, asyncio.timeout(180):
        await ana.register()
        sent = await asyncio.gather(*(ana.upload(samples / "bikes.mp4", name=f"{n}.mp4") for n in range(20)))
        assert all(video["status"] == "PENDING" for video in sent)
        seen_working = False
        while True:
            listed = await ana.videos()
            statuses = [edge["node"]["status"] for edge in listed["edges"]]
            seen_working |= "PROCESSING" in statuses or "PENDING" in statuses
            if all(status in {"COMPLETED", "FAILED"} for status in statuses):
                break
            await asyncio.sleep(0.1)
    assert statuses == ["COMPLETED"] * 20
    assert listed["totalCount"] == 20
    assert seen_working
