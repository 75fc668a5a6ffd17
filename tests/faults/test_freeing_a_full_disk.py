"""A full disk under ``fiapx up``, and that its users free it by deleting videos."""

import random
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from devserver.ports import free_pair
from tests.e2e.client import Person
from tests.e2e.conftest import Up, start, stop
from tests.parts.cut_disk import CutDisk, insist_on_a_disk
from tests.parts.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.outside]

MIB = 1024**2
DISK_MEGABYTES = 600
FILM_BYTES = 20 * MIB
MOST_FILMS = 40
SECONDS = 30.0
"""So long after a deletion there must be room again; it takes some three."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[CutDisk]:
    insist_on_a_disk()
    with CutDisk(tmp_path, DISK_MEGABYTES) as disk:
        yield disk


@pytest.fixture
def up(disk: CutDisk) -> Iterator[Up]:
    # Less than is kept at least.
    running = start(disk.folder / "data", free_pair(), FIAPX_WORKERS="1", FIAPX_DISK_RESERVE_BYTES=str(MIB))
    yield running
    stop(running)


@pytest.fixture
async def ana(up: Up) -> AsyncIterator[Person]:
    async with Person(up.url, "ana@example.com") as person:
        await person.register()
        yield person


@pytest.fixture
def film(samples: Path, tmp_path: Path) -> Path:
    """A small film in a large file: what follows it in a box named ``free`` is nobody's, and cannot be compressed."""
    content = (samples / "carphone_pristine.mp4").read_bytes()
    padding = FILM_BYTES - len(content)
    path = tmp_path / "film.mp4"
    path.write_bytes(content + padding.to_bytes(4, "big") + b"free" + random.Random(1).randbytes(padding - 8))
    return path


async def fill(ana: Person, film: Path) -> list[str]:
    """Upload until that is refused for want of space."""
    kept: list[str] = []
    while len(kept) < MOST_FILMS:
        answer = await ana.upload(film)
        if "code" in answer:
            assert answer["code"] == "STORAGE_FULL", answer
            return kept
        kept.append(answer["id"])
    raise AssertionError("The disk never became full.")


async def take_the_rest(up: Up, ana: Person) -> httpx.Response:
    """Write what another film would not fit into, until not one byte more is taken; answer what readiness says then."""
    question = 'query { uploadRefusal(fileName: "film.mp4", sizeBytes: 1) { code } }'
    end = time.monotonic() + SECONDS
    with (up.data.parent / "another's").open("ab") as others:
        while True:
            refusal, ready = await ana.ask(question), await ana.http.get("/readyz")
            if refusal["uploadRefusal"] == {"code": "STORAGE_FULL"} and not ready.json()["parts"]["disk"]:
                return ready
            assert time.monotonic() < end, (refusal, ready.json())
            # A worker's copy of a film may have gone meanwhile, so that there is room again.
            others.write(bytes(MIB))
            others.flush()


async def delete(ana: Person, videos: list[str]) -> None:
    for video in videos:
        deleted = await ana.ask("mutation($id: ID!) { deleteVideo(id: $id) { __typename } }", id=video)
        assert deleted["deleteVideo"]["__typename"] == "Deleted"


async def until_taken(ana: Person, film: Path) -> Any:
    """Upload again and again until the film is taken."""
    end = time.monotonic() + SECONDS
    while "code" in (answer := await ana.upload(film)):
        assert time.monotonic() < end, answer
    return answer


async def test_a_full_disk_is_told_before_a_file_is_sent_and_deleting_videos_frees_it_at_once(
    up: Up, ana: Person, film: Path
):
    assert (await ana.http.get("/readyz")).json()["parts"]["disk"]
    kept = await fill(ana, film)
    assert len(kept) >= 10
    full = await take_the_rest(up, ana)
    assert full.status_code == httpx.codes.OK, "what is there is served, and can be deleted"

    share = 13 * len(kept) // 20
    free = shutil.disk_usage(up.data).free
    await delete(ana, kept[:share])
    for _ in range(share // 2):
        await until_taken(ana, film)
    assert shutil.disk_usage(up.data).free > free, "as many again have room, and more"


async def test_a_disk_that_others_filled_can_still_be_freed(up: Up, ana: Person, film: Path):
    kept = await fill(ana, film)
    reserve = up.data / "reserve"
    assert reserve.exists()
    held = reserve.stat().st_size
    # All but what is given up is taken. Who went on would take that, too, and where there is nothing at all nobody can
    # say what fails. A worker's copy of a film may take the last of it.
    with suppress(OSError), (up.data.parent / "another's").open("wb") as others:
        while shutil.disk_usage(up.data).free > (8 * MIB if reserve.exists() else held):
            others.write(bytes(MIB))
            others.flush()
    await until(lambda: not reserve.exists(), SECONDS)
    assert "of reserve are given up" in up.data.with_name("data.log").read_text()
    assert (await ana.upload(film))["code"] == "STORAGE_FULL", "what was given up is for tidying"
    await delete(ana, kept[: 13 * len(kept) // 20])
    await until_taken(ana, film)
