"""Control work: what it writes down for those who watch logs."""

from structlog.testing import capture_logs

from app.domain.retention import Retention
from app.infra.redis.queue import DELIVER_NOTIFICATIONS, PROCESS_VIDEO, REMOVE_OBJECTS
from app.worker import BY_THE_CLOCK
from jobs.control import control_jobs
from jobs.process_video import process_video
from tests.usecases.world import World


async def test_what_the_queue_and_the_clock_name_are_jobs_that_there_are(world: World):
    jobs = control_jobs(world.control())
    assert set(jobs) == set(BY_THE_CLOCK) > {DELIVER_NOTIFICATIONS, REMOVE_OBJECTS}
    assert process_video.__name__ == PROCESS_VIDEO


async def test_the_backlog_is_a_line_that_alarms_can_read(world: World):
    ana = await world.user()
    await world.uploaded(ana)
    world.clock.advance(90)
    await world.claimed((await world.uploaded(ana)).id)
    with capture_logs() as lines:
        await control_jobs(world.control())["report_backlog"]({})
    [line] = lines
    assert line["event"] == "backlog"
    assert (line["videos_pending"], line["videos_processing"], line["oldest_pending_seconds"]) == (1, 1, 90)


async def test_an_unknown_backlog_writes_no_backlog_line(world: World):
    world.transactions.away = True
    with capture_logs() as lines:
        await control_jobs(world.control())["report_backlog"]({})
    assert [line["event"] for line in lines] == ["the backlog cannot be measured"]


async def test_expired_videos_are_logged_and_an_absent_database_is_waited_for(world: World):
    world.retention = Retention(days=1)
    await world.completed((await world.uploaded(await world.user())).id)
    world.clock.advance(24 * 3600)
    expire_videos = control_jobs(world.control())["expire_videos"]
    with capture_logs() as lines:
        world.transactions.away = True
        await expire_videos({})
        world.transactions.away = False
        await expire_videos({})
        await expire_videos({})
    assert [(line["event"], line.get("count")) for line in lines] == [
        ("what expires waits for the database", None),
        ("videos expired", 1),
    ]
