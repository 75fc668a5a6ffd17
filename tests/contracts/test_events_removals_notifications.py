import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from app.domain.events import DomainEvent, EventType
from app.domain.notification import DeliveryStatus, Notification, NotificationChannel
from app.domain.video import ProcessingStatus, StatusChange, new_video_id
from app.usecases.paging import PageKey, Slice
from tests.contracts.story import EMAIL, Story, a_notification, after

WEBHOOK = NotificationChannel.WEBHOOK


async def test_the_status_log_tells_the_changes_in_their_order(story: Story):
    owner = await story.user()
    one, two = await story.video(owner), await story.video(owner)
    await story.transactions.write(
        lambda t: t.events.add(
            DomainEvent(one, EventType.VIDEO_UPLOADED, after(0)),
            DomainEvent(two, EventType.VIDEO_UPLOADED, after(0.5)),
            DomainEvent(one, EventType.PROCESSING_STARTED, after(1), 1),
            DomainEvent(one, EventType.PROCESSING_STARTED, after(1), 2),
            DomainEvent(one, EventType.FRAMES_EXTRACTED, after(2), 2),
            DomainEvent(one, EventType.ZIP_GENERATED, after(2), 2),
            DomainEvent(one, EventType.PROCESSING_COMPLETED, after(2), 2),
        )
    )
    assert await story.transactions.read(lambda t: t.events.history([one, two, new_video_id()])) == {
        one: [
            StatusChange(ProcessingStatus.PENDING, after(0), 0),
            StatusChange(ProcessingStatus.PROCESSING, after(1), 1),
            StatusChange(ProcessingStatus.PROCESSING, after(1), 2),
            StatusChange(ProcessingStatus.COMPLETED, after(2), 2),
        ],
        two: [StatusChange(ProcessingStatus.PENDING, after(0.5), 0)],
    }
    assert await story.transactions.read(lambda t: t.events.history([])) == {}


async def test_an_unknown_video_has_no_status_log(story: Story):
    event = DomainEvent(new_video_id(), EventType.VIDEO_UPLOADED, after(0))
    with pytest.raises(IntegrityError):
        await story.transactions.write(lambda t: t.events.add(event))


async def test_removals_are_due_in_their_order_until_done(story: Story):
    await story.removal("results/b/", at=2, is_prefix=True)
    await story.removal("sources/ç🎞", at=1)
    await story.removal("results/late/", at=9, is_prefix=True)
    due = await story.transactions.read(lambda t: t.removals.due(after(2), 10))
    assert [(removal.key, removal.is_prefix, removal.attempts) for removal in due] == [
        ("sources/ç🎞", False, 0),
        ("results/b/", True, 0),
    ]
    assert len(await story.transactions.read(lambda t: t.removals.due(after(2), 1))) == 1
    await story.transactions.write(lambda t: t.removals.postpone(due[0].id, after(5)))
    await story.transactions.write(lambda t: t.removals.done(due[1].id))
    assert await story.transactions.read(lambda t: t.removals.due(after(4.999), 10)) == []
    (again,) = await story.transactions.read(lambda t: t.removals.due(after(5), 10))
    assert (again.id, again.attempts) == (due[0].id, 1)


async def test_a_late_acknowledgement_of_a_removal_deletes_no_other_removal(story: Story):
    async def added() -> int:
        await story.removal("sources/a", at=0)
        return (await story.transactions.read(lambda t: t.removals.due(after(1), 10)))[-1].id

    first = await added()
    await story.transactions.write(lambda t: t.removals.done(first))
    second = await added()
    await story.transactions.write(lambda t: t.removals.done(first))  # Another worker had seen it too.
    assert [removal.id for removal in await story.transactions.read(lambda t: t.removals.due(after(1), 10))] == [second]


async def test_a_notification_reads_back_as_written_when_it_is_due(story: Story):
    owner = await story.user()
    told = a_notification(owner, await story.video(owner))
    plain = a_notification(owner, None, failure=None)
    await story.transactions.write(lambda t: t.notifications.add(told, wake_at=after(5)))
    await story.transactions.write(lambda t: t.notifications.add(plain, wake_at=after(6)))
    assert await story.due_notifications(4.999) == []
    assert await story.due_notifications(5) == [told]
    assert await story.due_notifications(6) == [told, plain]
    assert await story.due_notifications(6, limit=1) == [told]


async def test_a_video_channel_and_event_have_one_notification(story: Story):
    owner = await story.user()
    video = await story.video(owner)
    await story.transactions.write(lambda t: t.notifications.add(a_notification(owner, video), wake_at=after(0)))
    with pytest.raises(IntegrityError):
        await story.transactions.write(lambda t: t.notifications.add(a_notification(owner, video), wake_at=after(0)))


async def test_a_notification_outlives_its_video(story: Story):
    owner = await story.user()
    video = await story.video(owner)
    await story.video(owner)
    told = a_notification(owner, video)
    await story.transactions.write(lambda t: t.notifications.add(told, wake_at=after(0)))
    assert await story.transactions.write(lambda t: t.videos.remove(video))
    (due,) = await story.due_notifications(1)
    assert (due.video, due.file_name, due.failure) == (None, told.file_name, told.failure)


async def test_one_of_many_deliverers_claims_a_notification_until_its_lease_expires(story: Story):
    owner = await story.user()
    told = a_notification(owner, await story.video(owner))
    await story.transactions.write(lambda t: t.notifications.add(told, wake_at=after(0)))

    async def claimed(seen: Notification = told, at: float = 1) -> bool:
        return await story.transactions.write(
            lambda t: t.notifications.claim(seen, now=after(at), until=after(at + 120))
        )

    assert sum(await asyncio.gather(*(claimed() for _ in range(8)))) == 1
    assert await story.due_notifications(120) == []
    (again,) = await story.due_notifications(121)
    assert again.attempts == 1
    assert not await claimed(again, at=120)
    assert await claimed(again, at=121)


async def test_only_the_latest_claim_may_record_the_outcome_of_a_delivery(story: Story):
    owner = await story.user()
    told = a_notification(owner, await story.video(owner))
    write = story.transactions.write
    await write(lambda t: t.notifications.add(told, wake_at=after(0)))
    assert await write(lambda t: t.notifications.claim(told, now=after(1), until=after(2)))
    (seen,) = await story.due_notifications(3)
    assert await write(lambda t: t.notifications.claim(seen, now=after(3), until=after(100)))
    assert not await write(lambda t: t.notifications.delivered(told.id, 1, answer="250 OK", at=after(4)))
    assert not await write(lambda t: t.notifications.postpone(told.id, 1, answer="451", to=after(5)))
    assert not await write(lambda t: t.notifications.give_up(told.id, 1, answer="550"))
    assert await write(lambda t: t.notifications.postpone(told.id, 2, answer="451 " + "x" * 100_000, to=after(5)))
    (late,) = await story.due_notifications(5)
    assert await write(lambda t: t.notifications.claim(late, now=after(5), until=after(6)))
    assert await write(lambda t: t.notifications.delivered(told.id, 3, answer="250 OK", at=after(7)))
    assert not await write(lambda t: t.notifications.give_up(told.id, 3, answer="550"))
    assert await story.due_notifications(1000) == []


async def test_what_is_given_up_is_not_tried_again(story: Story):
    owner = await story.user()
    told = a_notification(owner, None)
    await story.transactions.write(lambda t: t.notifications.add(told, wake_at=after(0)))
    assert await story.transactions.write(lambda t: t.notifications.give_up(told.id, 0, answer="550 No such user"))
    assert await story.due_notifications(1000) == []


async def test_what_a_notification_says_is_kept_whole(story: Story):
    owner = await story.user()
    said = {"originalFileName": "férias 🎞.mp4", "result": {"frameCount": 3}, "retryable": False, "none": None}
    told = replace(a_notification(owner, None), data=said, channel=WEBHOOK)
    await story.transactions.write(lambda t: t.notifications.add(told, wake_at=after(0)))
    assert await story.due_notifications(1, channel=WEBHOOK) == [told]
    assert await story.due_notifications(1) == []


async def test_each_users_oldest_comes_before_any_users_second(story: Story):
    noisy, quiet = await story.user(), await story.user()
    many = [a_notification(noisy, None) for _ in range(5)]
    one = a_notification(quiet, None)
    for number, told in enumerate((*many, one)):
        await story.enqueue_notification(told, number)
    assert [told.id for told in await story.due_notifications(10)] == [
        many[0].id,
        one.id,
        *(told.id for told in many[1:]),
    ]
    few = await story.transactions.read(lambda t: t.notifications.due(EMAIL, after(10), 10, per_user=2))
    assert [told.id for told in few] == [many[0].id, one.id, many[1].id]


async def test_the_log_of_a_user_has_pages_newest_first(story: Story):
    owner, other = await story.user(), await story.user()
    told = [replace(a_notification(owner, None), created_at=after(number // 2)) for number in range(7)]
    for one in (*told, a_notification(other, None)):
        await story.enqueue_notification(one)
    expected = [one.id for one in sorted(told, key=lambda one: (one.created_at, one.id), reverse=True)]

    async def page(after_key: PageKey | None) -> Sequence[Notification]:
        return await story.transactions.read(lambda t: t.notifications.page(owner, Slice(3, after=after_key)))

    seen: list[str] = []
    place = None
    while found := await page(place):
        seen += [one.id for one in found]
        place = PageKey(found[-1].created_at, found[-1].id)
    assert seen == expected


async def test_a_delivery_that_begins_anew_is_due_at_once_and_its_owner_alone_can_say_so(story: Story):
    owner, other = await story.user(), await story.user()
    told = a_notification(owner, None)
    write = story.transactions.write
    await story.enqueue_notification(told)
    assert await write(lambda t: t.notifications.claim(told, now=after(1), until=after(2)))
    assert await write(lambda t: t.notifications.delivered(told.id, 1, answer="250 OK", at=after(2)))
    found = await story.transactions.read(lambda t: t.notifications.get(owner, told.id))
    assert found is not None
    assert (found.status, found.answer, found.delivered_at) == (DeliveryStatus.DELIVERED, "250 OK", after(2))
    assert await story.transactions.read(lambda t: t.notifications.get(other, told.id)) is None
    assert not await write(lambda t: t.notifications.again(other, told.id, after(5)))
    assert await write(lambda t: t.notifications.again(owner, told.id, after(5)))
    assert await story.due_notifications(4.999) == []
    (again,) = await story.due_notifications(5)
    assert (again.attempts, again.tried_since, again.delivered_at) == (1, after(5), None)


async def test_the_latest_of_a_kind_is_found(story: Story):
    owner, other = await story.user(), await story.user()
    old, new = (replace(a_notification(owner, None), created_at=after(at)) for at in (1, 2))
    for one in (new, old, replace(a_notification(other, None), created_at=after(3))):
        await story.enqueue_notification(one)

    async def latest(channel: NotificationChannel, event: str) -> Notification | None:
        return await story.transactions.read(lambda t: t.notifications.latest(owner, channel, event))

    assert await latest(EMAIL, "video.failed") == new
    assert await latest(WEBHOOK, "video.failed") is None
    assert await latest(EMAIL, "upload.rejected") is None


async def test_what_is_left_to_a_digest_is_counted_and_settled_with_it(story: Story):
    owner, other = await story.user(), await story.user()
    digest = replace(a_notification(owner, None), event="account.digest")
    told = [a_notification(owner, None) for _ in range(3)]
    strange = a_notification(other, None)
    for one in (*told, strange):
        await story.enqueue_notification(one)
    await story.enqueue_notification(digest, 50)
    read, write = story.transactions.read, story.transactions.write
    assert await read(lambda t: t.notifications.waiting_digest(owner)) == digest.id
    assert await read(lambda t: t.notifications.waiting_digest(other)) is None

    async def held(one: Notification, attempts: int) -> bool:
        return await write(
            lambda t: t.notifications.hold(one.id, attempts, digest=digest.id, answer="later", until=after(900))
        )

    assert not await held(told[0], 1)  # It was claimed by nobody.
    for one in told[:2]:
        assert await write(lambda t, one=one: t.notifications.claim(one, now=after(10), until=after(20)))  # type: ignore[misc]
        assert await held(one, 1)
    assert await read(lambda t: t.notifications.held(digest.id)) == {told[0].event: 2}
    assert {one.id for one in await story.due_notifications(100)} == {told[2].id, strange.id, digest.id}
    assert {told[0].id, told[1].id} <= {one.id for one in await story.due_notifications(900)}
    assert await write(lambda t: t.notifications.claim(digest, now=after(60), until=after(70)))
    assert await read(lambda t: t.notifications.waiting_digest(owner)) is None  # It is being written.
    await write(
        lambda t: t.notifications.settle_held(digest.id, DeliveryStatus.DELIVERED, answer="in it", at=after(61))
    )
    assert await read(lambda t: t.notifications.held(digest.id)) == {}
    found = await read(lambda t: t.notifications.get(owner, told[0].id))
    assert found is not None
    assert (found.status, found.answer, found.delivered_at) == (DeliveryStatus.DELIVERED, "in it", after(61))


async def test_many_removals_are_written_down_at_once(story: Story):
    await story.transactions.write(lambda t: t.removals.add("sources/a", "sources/b", is_prefix=False, at=after(0)))
    await story.transactions.write(lambda t: t.removals.add(is_prefix=False, at=after(0)))
    due = await story.transactions.read(lambda t: t.removals.due(after(1), 10))
    assert [removal.key for removal in due] == ["sources/a", "sources/b"]


async def test_what_is_due_on_all_channels_is_counted(story: Story):
    owner = await story.user()
    for at, channel in ((1, EMAIL), (2, WEBHOOK), (9, EMAIL)):
        await story.enqueue_notification(replace(a_notification(owner, None), channel=channel), at)
    assert await story.transactions.read(lambda t: t.notifications.count_due(after(5))) == 2


async def test_what_is_to_go_is_known_by_its_name_and_by_what_it_lies_under(story: Story):
    await story.removal("sources/a", at=1)
    await story.removal("results/b/", at=5, is_prefix=True)
    keys = {"sources/a", "sources/b", "results/b/1.zip", "results/bb/1.zip", "results/ç🎞", "a"}
    assert await story.transactions.read(lambda t: t.removals.names(keys)) == {"sources/a", "results/b/1.zip"}
    counts = [await story.transactions.read(lambda t, at=at: t.removals.count_due(after(at))) for at in (0, 1, 9)]  # type: ignore[misc]  # bound for this round
    assert counts == [0, 1, 2]
