"""Other ways out of a ZIP, of a real film, made by the worker of ``fiapx up``."""

import asyncio
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import imageio_ffmpeg

from tests.e2e.client import Person
from tests.e2e.conftest import Up
from tests.e2e.test_whole_way import new_email

CREATE = """mutation($input: CreateFramesExportInput!) { createFramesExport(input: $input) {
  ... on FramesExport { id status } ... on Problem { code message } } }"""
SHOW = """query($id: ID!) { framesExport(id: $id) {
  ... on FramesExport { status frameCount sizeBytes url failure { reason } } ... on Problem { code } } }"""
SELECT = """mutation($input: SelectFramesInput!) { selectFrames(input: $input) {
  ... on FramesSelection { url sizeBytes } ... on Problem { code message } } }"""


async def exported(ana: Person, video: str, kind: str, to: Path) -> tuple[Any, Path]:
    """Have an export made, and fetch it."""
    asked = await ana.ask(CREATE, input={"videoId": video, "kind": kind})
    async with asyncio.timeout(60):
        while (export := (await ana.ask(SHOW, id=asked["createFramesExport"]["id"]))["framesExport"])["status"] in {
            "WAITING",
            "MAKING",
        }:
            await asyncio.sleep(0.1)
    assert export["status"] == "READY", export
    return export, await ana.download(export["url"], to)


def pictures_in(animation: Path) -> int:
    """Decode an animation, by a decoder that knows nothing of ours; give how many pictures it has."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-ignore_loop", "1", "-i", str(animation)]
    made = subprocess.run(
        [*command, "-fps_mode", "passthrough", "-vf", "scale=2:2", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:"],
        check=True,
        capture_output=True,
    )
    return len(made.stdout) // 4


async def test_chosen_pictures_a_preview_and_a_contact_sheet_of_a_real_film(up: Up, samples: Path, tmp_path: Path):
    async with Person(up.url, new_email()) as ana, asyncio.timeout(90):
        await ana.register()
        await ana.login()
        sent = await ana.upload(samples / "bikes.mp4")
        final = await ana.until_final(sent["id"])
        whole = await ana.download(final["result"]["downloadUrl"], tmp_path / "frames.zip")
        chosen = (await ana.ask(SELECT, input={"videoId": sent["id"], "numbers": [2, 5]}))["selectFrames"]
        some = await ana.download(chosen["url"], tmp_path / "chosen.zip")
        assert some.stat().st_size == chosen["sizeBytes"]
        with zipfile.ZipFile(whole) as of_all, zipfile.ZipFile(some) as of_some:
            assert of_some.testzip() is None
            names = [name for name in of_all.namelist() if name[6:12] in {"000002", "000005"}]
            assert of_some.namelist() == [*names, "manifest.json"]
            assert [of_some.read(name) for name in names] == [of_all.read(name) for name in names]
        for kind, name in (("PREVIEW_WEBP", "a.webp"), ("PREVIEW_GIF", "a.gif")):
            export, file = await exported(ana, sent["id"], kind, tmp_path / name)
            assert (export["frameCount"], export["sizeBytes"]) == (10, file.stat().st_size)
            assert pictures_in(file) == 10
        _, sheet = await exported(ana, sent["id"], "CONTACT_SHEET_PDF", tmp_path / "a.pdf")
        document = sheet.read_bytes()
        assert (document[:5], document.count(b"/DCTDecode"), document[-6:]) == (b"%PDF-", 10, b"%%EOF\n")
