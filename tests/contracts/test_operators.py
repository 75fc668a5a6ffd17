from sqlalchemy import update

from app.domain.audit import AuditEntry
from app.domain.events import DomainEvent, EventType
from app.domain.failure import FailureCode
from app.domain.user import Role, UserId
from app.domain.video import ProcessingStatus, VideoId, new_video_id
from app.infra.sql.tables import users
from app.usecases.paging import PageKey, Slice
from app.usecases.ports.audit import AuditFilter
from app.usecases.ports.jobs import JobFilter
from app.usecases.ports.pauses import Pause
from app.usecases.ports.transactions import Transaction
from tests.contracts.story import Story, after

FAILED = frozenset({ProcessingStatus.FAILED})


async def listed(
    story: Story, wanted: JobFilter, key: PageKey | None = None, *, limit: int = 10, oldest_first: bool = False
) -> list[VideoId]:
    found = await story.transactions.read(
        lambda t: t.jobs.page(wanted, Slice(limit, after=key), oldest_first=oldest_first)
    )
    return [job.video.id for job in found]


async def failed(story: Story, owner: UserId, **also: object) -> VideoId:
    video = await story.video(owner, **also)  # type: ignore[arg-type]
    assert await story.fail(video, await story.claimed(video))
    return video


async def test_jobs_of_all_owners_are_listed_from_either_end(story: Story):
    ana, bruno = await story.user("ana@example.com"), await story.user()
    videos = [await story.video(owner, created=n) for n, owner in enumerate((ana, bruno, ana))]
    assert await listed(story, JobFilter()) == videos[::-1]
    assert await listed(story, JobFilter(), oldest_first=True) == videos
    first = await story.row(videos[0])
    assert await listed(story, JobFilter(), PageKey.of(first), oldest_first=True) == videos[1:]
    assert await listed(story, JobFilter(), PageKey.of(await story.row(videos[2])), limit=1) == [videos[1]]
    (job, *_) = await story.transactions.read(lambda t: t.jobs.page(JobFilter(), Slice(1)))
    assert (job.owner_email, job.lease.paused, job.video.owner) == ("ana@example.com", False, ana)


async def test_jobs_are_chosen_by_state_owner_code_and_age(story: Story):
    ana, bruno = await story.user(), await story.user()
    old, young = await story.video(ana, created=0), await story.video(ana, created=100)
    broken = await failed(story, bruno, created=50)
    assert await listed(story, JobFilter(FAILED)) == [broken]
    assert await listed(story, JobFilter(owner=ana)) == [young, old]
    assert await listed(story, JobFilter(code=FailureCode.CORRUPT_VIDEO)) == [broken]
    assert await listed(story, JobFilter(code=FailureCode.INTERNAL)) == []
    assert await listed(story, JobFilter(created_since=after(50))) == [young, broken]
    assert await listed(story, JobFilter(created_before=after(50))) == [old]
    assert await listed(story, JobFilter(ended_since=after(3))) == [broken]
    assert await listed(story, JobFilter(ended_since=after(3.001))) == []
    assert await story.transactions.read(lambda t: t.jobs.failures(after(3))) == {FailureCode.CORRUPT_VIDEO: 1}
    assert await story.transactions.read(lambda t: t.jobs.failures(after(4))) == {}


async def test_what_was_processed_again_is_known_by_its_file_and_its_owner(story: Story):
    ana, bruno = await story.user(), await story.user()
    first = await failed(story, ana, source_key="sources/one")
    other = await failed(story, bruno, source_key="sources/one")
    again = await story.video(ana, source_key="sources/one", created=1)
    last = await failed(story, ana, source_key="sources/one", created=0)
    read = story.transactions.read
    assert [await read(lambda t, v=v: t.jobs.processed_again(v)) for v in (first, again, last, other)] == [  # type: ignore[misc]
        *(last, last),
        *(None, None),
    ]
    assert set(await listed(story, JobFilter(FAILED, last_of_its_file=True))) == {last, other}


async def test_what_is_paused_is_neither_due_nor_claimed_until_it_is_resumed(story: Story):
    ana, bruno = await story.user(), await story.user()
    hers, his = await story.video(ana), await story.video(bruno)
    seen = await story.lease(hers)
    await story.transactions.write(lambda t: t.pauses.begin(ana, after(1)))
    await story.transactions.write(lambda t: t.pauses.begin(ana, after(2)))
    assert [video for video, _ in await story.due(10)] == [his]
    assert not await story.claim(seen)
    assert ((await story.lease(hers)).paused, (await story.lease(his)).paused) == (True, False)
    await story.transactions.write(lambda t: t.pauses.begin(None, after(3)))
    assert await story.due(10) == []
    assert await story.transactions.read(lambda t: t.jobs.paused()) == 2
    assert await story.transactions.read(lambda t: t.pauses.all()) == [Pause(ana, after(1)), Pause(None, after(3))]
    backlog = await story.transactions.read(lambda t: t.videos.backlog(after(10)))
    assert (backlog.pending, backlog.oldest_pending, backlog.pending_bytes) == (0, None, 0)
    await story.transactions.write(lambda t: t.pauses.end(None))
    assert (await story.claim(await story.lease(his)), await story.claim(await story.lease(hers))) == (True, False)
    await story.transactions.write(lambda t: t.pauses.end(ana))
    assert await story.claim(await story.lease(hers))


async def test_what_runs_when_a_pause_begins_goes_on_and_what_died_waits(story: Story):
    ana = await story.user()
    video = await story.video(ana)
    attempt = await story.claimed(video)
    await story.transactions.write(lambda t: t.pauses.begin(None, after(1)))
    assert await story.heartbeat(video, attempt, at=5)
    assert (await story.transactions.read(lambda t: t.videos.backlog(after(6)))).processing == 1
    assert await story.due(100) == []
    assert not await story.claim(await story.lease(video), at=100)
    assert (await story.transactions.read(lambda t: t.videos.backlog(after(100)))).expired_leases == 0
    assert await story.complete(video, attempt)


async def test_what_was_swept_in_vain_is_due_at_once_when_it_is_resumed(story: Story):
    ana, bruno = await story.user(), await story.user()
    hers, his = await story.video(ana), await story.video(bruno)
    await story.swept({hers: 60, his: 60}, at=1)
    await story.transactions.write(lambda t: t.jobs.wake(ana))
    assert await story.due(2) == [(hers, 0)]
    await story.transactions.write(lambda t: t.jobs.wake(None))
    assert {video for video, _ in await story.due(2)} == {hers, his}


async def test_a_pause_goes_with_its_user(story: Story):
    ana = await story.user()
    await story.transactions.write(lambda t: t.pauses.begin(ana, after(1)))
    await story.transactions.write(lambda t: t.users.remove(ana))
    assert await story.transactions.read(lambda t: t.pauses.all()) == []


async def test_what_an_operator_sets_of_a_user_reads_back_and_users_are_found_by_part_of_their_address(story: Story):
    await story.user("ana.100%@example.com")
    bruno = await story.user("bruno@example.com")
    read = story.transactions.read
    assert [user.role for user in await read(lambda t: t.users.page("", Slice(10)))] == [Role.USER, Role.USER]
    limits = {"max_active_videos": 0, "max_stored_bytes": 2**40}
    await story.change_user(bruno, role=Role.OPERATOR, disabled_at=after(1), **limits)
    (found,) = await read(lambda t: t.users.page("BRUNO@".lower(), Slice(10)))
    assert (found.role, found.disabled_at) == (Role.OPERATOR, after(1))
    assert (found.max_active_videos, found.max_stored_bytes) == (0, 2**40)
    assert [user.email for user in await read(lambda t: t.users.page("100%@", Slice(10)))] == ["ana.100%@example.com"]
    first, second = await read(lambda t: t.users.page("", Slice(10)))
    assert await read(lambda t: t.users.page("", Slice(10, after=PageKey.of(first)))) == [second]


async def test_a_user_whom_a_former_version_wrote_is_none_of_the_operators(story: Story):
    ana = await story.user()
    async with story.engine.begin() as connection:
        await connection.execute(update(users).where(users.c.public_id == ana).values(role=None))
    found = await story.transactions.read(lambda t: t.users.by_id(ana))
    assert found is not None
    assert found.role is Role.USER


async def test_the_audit_log_reads_back_newest_first_and_forgets_by_age_alone(story: Story):
    video = new_video_id()

    def entry(seconds: float, **also: object) -> AuditEntry:
        told = {"target_kind": "service", "target_id": None, "outcome": "done", "operator": "ana@here", **also}
        return AuditEntry(new_video_id(), after(seconds), deed="pause", **told)  # type: ignore[arg-type]

    old = entry(0, reason="férias 🎞", details={"as": "x"})
    about = entry(1, target_kind="video", target_id=video, outcome="VIDEO_NOT_FOUND", operator="bruno@there")
    new = entry(2)

    async def write(t: Transaction) -> None:
        for one in (old, about, new):
            await t.audit.add(one)

    await story.transactions.write(write)

    async def page(wanted: AuditFilter, key: PageKey | None = None) -> list[AuditEntry]:
        return list(await story.transactions.read(lambda t: t.audit.page(wanted, Slice(10, after=key))))

    assert await page(AuditFilter()) == [new, about, old]
    assert await page(AuditFilter(), PageKey.of(new)) == [about, old]
    assert await page(AuditFilter(operator="bruno@there")) == await page(AuditFilter(target_id=video)) == [about]
    assert await page(AuditFilter(since=after(2))) == [new]
    await story.transactions.write(lambda t: t.audit.forget(before=after(1), limit=10))
    assert await page(AuditFilter()) == [new, about]


async def test_all_that_happened_to_a_video_reads_back_with_what_was_said(story: Story):
    video = await story.video(await story.user())
    happened = [
        DomainEvent(video, EventType.VIDEO_UPLOADED, after(0)),
        DomainEvent(video, EventType.PROCESSING_STARTED, after(1), 1),
        DomainEvent(video, EventType.ATTEMPT_RELEASED, after(2), 1, "OSError(28, 'cheio 🎞')"),
        DomainEvent(video, EventType.PROCESSING_FAILED, after(3), 2, "x" * 2000),
    ]
    await story.transactions.write(lambda t: t.events.add(*happened))
    assert await story.transactions.read(lambda t: t.events.log(video)) == happened
    history = (await story.transactions.read(lambda t: t.events.history([video])))[video]
    assert [change.status for change in history] == [
        ProcessingStatus.PENDING,
        ProcessingStatus.PROCESSING,
        ProcessingStatus.FAILED,
    ]
