"""One user's long videos, and another's short one."""

import dataclasses
import urllib.request
from datetime import timedelta
from uuid import uuid4

from app.domain.options import ExtractionOptions, FrameSelection, ImageFormat, SelectionKind
from app.domain.session import SessionId, Viewer
from app.domain.user import Locale
from app.domain.video import ProcessingStatus
from devserver.ports import free_pair
from tests.clips import Clips
from tests.faults.conftest import Stack, running
from tests.films import X264, Films

TEN_MINUTES = 600
# A hundred pictures of each second as PNG: minutes of work for one thread, whatever the machine.
LONG = ExtractionOptions(FrameSelection(SelectionKind.FRAMES_PER_SECOND, 100), ImageFormat.PNG)


async def test_a_short_video_begins_within_ten_seconds_where_anothers_eight_long_ones_run_and_wait(
    stack: Stack, films: Films, clips: Clips
):
    film = films.made("long.mp4", "-f", "lavfi", "-i", f"color=gray:s=1280x720:r=5:d={TEN_MINUTES}", *X264)
    assert film.stat().st_size < 2_000_000
    ports = [free_pair(), free_pair()]
    for port in ports:
        stack.start_worker(FIAPX_WORKER_PORT=str(port))
    long = [await stack.upload(film, LONG) for _ in range(8)]
    for video in long[:2]:
        await stack.until(video.id, running, 60)

    newcomer = await stack.service.services.do.register_user(
        "Bia", "bia@example.com", "correct horse battery", Locale.EN, "127.0.0.1"
    )
    bia = dataclasses.replace(
        stack,
        viewer=Viewer(newcomer.user.id, SessionId(str(uuid4())), newcomer.token.expires_at + timedelta(hours=1)),
    )
    short = await bia.upload(clips.short)
    done = await bia.until_final(short.id, 30)
    assert done.status is ProcessingStatus.COMPLETED
    assert done.started_at is not None
    assert done.started_at - done.created_at < timedelta(seconds=10)

    rows = [await stack.row(video.id) for video in long]
    assert rows[0].attempt == 1, "the older one went on"
    await stack.until(long[1].id, lambda row: row.attempt == 2 and running(row), 30)
    assert {row.status for row in rows[2:]} == {ProcessingStatus.PENDING}
    lease = await stack.service.transactions.read(lambda t: t.videos.lease(long[1].id))
    assert lease is not None
    assert (lease.lost_attempts, lease.transient_failures) == (0, 0)
    assert sum(_preempted(port) for port in ports) == 1


def _preempted(port: int) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("fiapx_attempts_preempted_total"))
