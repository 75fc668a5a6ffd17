from pathlib import Path
from typing import Literal

import pytest
from sqlalchemy import make_url

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.domain.video import ProcessingStatus
from app.infra.sql.engine import engine_for
from app.infra.sql.transactions import SqlTransactions
from jobs.process_video import process_video
from tests.contracts.cut_line import CutLine
from tests.fakes.extractor import ScriptedExtractor, a_frame
from tests.jobs.test_process_video import ctx
from tests.usecases.world import World


def cut_from_now(line: CutLine) -> None:
    line.armed = True


@pytest.mark.parametrize("failure", [None, ProcessingError(FailureCode.CORRUPT_VIDEO)], ids=["completed", "failed"])
@pytest.mark.parametrize("cut", ["before", "after"])
async def test_an_outcome_survives_a_connection_cut_at_its_commit_and_is_notified(
    legible_server: str,
    tmp_path: Path,
    cut: Literal["before", "after"],
    failure: ProcessingError | None,
):
    line = CutLine(make_url(legible_server), cut)
    async with line.url() as url:
        engine = engine_for(url)
        world = World.on(SqlTransactions(engine))
        video = (await world.uploaded(await world.user())).id
        film = ScriptedExtractor([a_frame(0, b"a picture")], failure=failure, then=lambda: cut_from_now(line))
        await process_video(ctx(world, tmp_path, film), video)
        await engine.dispose()
    engine = engine_for(legible_server)
    row = await World.on(SqlTransactions(engine)).row(video)
    await engine.dispose()
    assert line.cuts == 1
    assert (row.attempt, row.failure and row.failure.code) == (1, failure and failure.failure)
    assert row.status is (ProcessingStatus.FAILED if failure else ProcessingStatus.COMPLETED)
    assert (world.queue.notifications, world.live.published[-1].status) == (1, row.status)
