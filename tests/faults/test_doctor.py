"""A doctor that looks and mends again and again while the service is at work."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from app.bootstrap import compose_doctor
from app.domain.audit import Operator
from app.domain.diagnosis import Finding, FindingCode
from app.settings import CheckSettings
from tests.faults.conftest import Stack
from tests.faults.test_dying_workers import check_whole

_VIDEOS = 6
ROOT = Operator.at_shell("root", "here")
EVERYTHING = set(FindingCode) - {FindingCode.FOREIGN_BUCKET}


async def mend_without_end(settings: CheckSettings, found: list[Finding], rounds: list[int]) -> None:
    """Look at everything and do all that mends anything, whatever was found, until cancelled."""
    while True:
        async with compose_doctor(settings) as (examine, mend):
            found += [finding async for finding in examine()]
            rounds += [repair.count async for repair in mend(ROOT, EVERYTHING)]


async def test_a_doctor_that_mends_without_end_loses_nothing_of_what_is_under_way(
    stack: Stack, samples: Path, tmp_path: Path
):
    named = {name.removeprefix("FIAPX_").lower(): value for name, value in stack.environment.items()}
    settings = CheckSettings(**named)  # type: ignore[arg-type]  # pydantic reads them from text, as from the environment
    found: list[Finding] = []
    done: list[int] = []
    stack.start_worker()
    async with AsyncExitStack() as exits:
        doctor = asyncio.create_task(mend_without_end(settings, found, done))
        exits.callback(doctor.cancel)
        videos = [await stack.upload(samples / "carphone_pristine.mp4") for _ in range(_VIDEOS)]
        await stack.service.services.do.videos.delete(stack.viewer, videos.pop().id)
        finals = [await stack.until_final(video.id, 90) for video in videos]
        assert not doctor.done(), doctor
    for final in finals:
        await check_whole(stack, final, tmp_path)
        assert final.attempt == 1, "no lease was taken from a worker"
    assert len(done) > 5 * 3, "it mended meanwhile"
    assert found == []
