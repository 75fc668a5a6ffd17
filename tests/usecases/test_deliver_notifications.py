import asyncio
import json

import pytest

from app.domain.errors import FileTooLarge, UnsupportedFileFormat, WebhookGone
from app.domain.notification import NotificationChannel
from app.domain.options import ExtractionOptions
from app.domain.session import Viewer
from app.domain.webhook import Webhook, WebhookMessage
from app.usecases.notifications import SettingsChange
from app.usecases.paging import Slice
from app.usecases.ports.rate_limits import RateLimitKey
from tests.fakes.messengers import MemoryMailer, MemoryWebhooks
from tests.usecases.world import World, incoming


@pytest.fixture
def mailer():
    return MemoryMailer()


@pytest.fixture
def deliver(world: World, mailer: MemoryMailer):
    return world.deliver(mailer)


async def test_a_failure_is_mailed_to_its_owner_with_the_reason(world: World, mailer: MemoryMailer, deliver):
    video = await world.failed((await world.uploaded(await world.user())).id)
    assert await deliver() == 1
    (mail,) = mailer.sent
    assert video.failure is not None
    assert mail.template == "video.failed"
    assert (mail.values["file_name"], mail.values["reason"]) == ("a.mp4", video.failure.reason)


async def test_what_was_delivered_is_not_sent_again(world: World, mailer: MemoryMailer, deliver):
    await world.failed((await world.uploaded(await world.user())).id)
    await deliver()
    world.clock.advance(10 * 24 * 3600)
    assert await deliver() == 0
    assert len(mailer.sent) == 1


async def test_many_workers_deliver_one_mail_once(world: World, mailer: MemoryMailer, deliver):
    await world.failed((await world.uploaded(await world.user())).id)
    await asyncio.gather(*(deliver() for _ in range(8)))
    assert len(mailer.sent) == 1


async def test_a_mail_server_that_is_down_delays_the_mail_and_changes_nothing_else(
    world: World, mailer: MemoryMailer, deliver
):
    video = await world.failed((await world.uploaded(await world.user())).id)
    mailer.away = True
    assert await deliver() == 0
    assert await world.row(video.id) == video
    mailer.away = False
    assert await deliver() == 0  # Not at once.
    world.clock.advance(19)  # 15 seconds, give or take a fifth.
    assert await deliver() == 1


async def test_a_worker_that_dies_while_it_sends_leaves_the_mail_to_another(
    world: World, mailer: MemoryMailer, deliver
):
    await world.failed((await world.uploaded(await world.user())).id)
    mailer.away = True
    now = world.clock.now()
    (pending,) = await world.due_notifications()
    # It is claimed, and nobody ever hears of it again.
    assert await world.transactions.write(lambda t: t.notifications.claim(pending, now=now, until=now))
    mailer.away = False
    world.clock.advance(1)
    assert await deliver() == 1


@pytest.mark.slow
async def test_a_mail_is_given_up_after_three_days(world: World, mailer: MemoryMailer, deliver):
    await world.failed((await world.uploaded(await world.user())).id)
    mailer.away = True
    tries = 0
    for _ in range(200):
        tries += len(await world.due_notifications())
        await deliver()
        world.clock.advance(3600)
    assert 10 < tries < 40
    mailer.away = False
    world.clock.advance(24 * 3600)
    assert await deliver() == 0


async def test_days_on_which_we_were_down_are_not_counted(world: World, mailer: MemoryMailer, deliver):
    await world.failed((await world.uploaded(await world.user())).id)
    world.clock.advance(10 * 24 * 3600)
    mailer.away = True
    await deliver()
    mailer.away = False
    world.clock.advance(8 * 3600)
    assert await deliver() == 1


async def test_a_mail_that_its_server_refuses_for_good_is_not_sent_again(world: World, mailer: MemoryMailer, deliver):
    await world.failed((await world.uploaded(await world.user())).id)
    mailer.away = mailer.permanent = True
    await deliver()
    mailer.away = False
    world.clock.advance(24 * 3600)
    assert await deliver() == 0


# ---------------------------------------------------------------- webhooks

URL = "https://hooks.example.com/in"


async def with_webhook(world: World, url: str = URL) -> Viewer:
    viewer = await world.user()
    now = world.clock.now()
    await world.change_user(viewer.id, email_on_completion=True)
    await world.transactions.write(lambda t: t.users.set_webhook(viewer.id, Webhook.new(url), now))
    return viewer


async def test_the_end_of_a_video_is_posted_with_what_became_of_it(world: World, mailer: MemoryMailer):
    viewer, webhooks = await with_webhook(world), MemoryWebhooks()
    good, bad = await world.uploaded(viewer), await world.uploaded(viewer)
    await world.completed(good.id)
    assert world.queue.notifications == 1  # Somebody is woken up for it.
    await world.failed(bad.id)
    assert world.queue.notifications == 2
    assert await world.deliver(mailer, webhooks=webhooks)() == 4
    said = {body["type"]: body["data"] for body in (json.loads(one.body) for one in webhooks.sent)}
    assert said["video.completed"]["videoId"] == good.id
    assert said["video.completed"]["result"]["frameCount"] == 3
    assert said["video.failed"]["videoId"] == bad.id
    assert said["video.failed"]["failure"]["code"] == "CORRUPT_VIDEO"
    assert {mail.template: mail.values["frames"] for mail in mailer.sent} == {
        "video.completed": "3",
        "video.failed": "",
    }


async def test_no_mail_is_sent_for_a_cancellation_or_to_who_switched_it_off(world: World, mailer: MemoryMailer):
    viewer, webhooks = await with_webhook(world), MemoryWebhooks()
    canceled = await world.uploaded(viewer)
    await world.videos.cancel(viewer, canceled.id)
    assert await world.deliver(mailer, webhooks=webhooks)() == 0
    quiet = await world.user()
    await world.notifications.update_settings(quiet, SettingsChange(email_on_failure=False))
    await world.failed((await world.uploaded(quiet)).id)
    await world.completed((await world.uploaded(quiet)).id)
    assert await world.deliver(mailer, webhooks=webhooks)() == 0


async def test_a_webhook_is_still_posted_after_its_video_was_deleted(world: World, mailer: MemoryMailer):
    viewer, webhooks = await with_webhook(world), MemoryWebhooks()
    video = await world.uploaded(viewer)
    await world.failed(video.id)
    await world.videos.delete(viewer, video.id)
    await world.deliver(mailer, webhooks=webhooks)()
    (message,) = webhooks.sent
    assert json.loads(message.body)["data"]["videoId"] == video.id


async def test_a_receiver_that_is_gone_is_switched_off_and_its_owner_told(world: World, mailer: MemoryMailer):
    viewer, webhooks = await with_webhook(world), MemoryWebhooks()
    video = await world.failed((await world.uploaded(viewer)).id)
    mailer.away = True
    webhooks.fault = WebhookGone("HTTP 410 Gone")
    deliver = world.deliver(mailer, webhooks=webhooks)
    await deliver()
    user = await world.transactions.read(lambda t: t.users.by_id(viewer.id))
    assert user is not None
    assert user.webhook_url is None
    mailer.away = False
    world.clock.advance(30)
    await deliver()
    assert {(mail.template, mail.values["webhook_url"]) for mail in mailer.sent} == {
        ("video.failed", ""),
        ("webhook.disabled", URL),
    }
    world.clock.advance(24 * 3600)
    await world.failed((await world.uploaded(viewer)).id)
    await deliver()
    assert len(webhooks.sent) == 1
    assert await world.row(video.id) == video


@pytest.mark.parametrize(("outcome", "posts"), [("committed", 1), ("rolled back", 2)])
async def test_a_receiver_that_is_gone_is_switched_off_although_the_process_ends_there(
    world: World, mailer: MemoryMailer, outcome: str, posts: int
):
    viewer = await with_webhook(world)
    quiet = SettingsChange(email_on_failure=False)  # So there is nothing but the post to write down.
    await world.notifications.update_settings(viewer, quiet)
    await world.failed((await world.uploaded(viewer)).id)

    class Gone(MemoryWebhooks):
        async def send(self, message: WebhookMessage) -> str:
            await super().send(message)
            if len(self.sent) == 1:
                world.transactions.lose(outcome)  # Nobody hears of what is written down now.
            raise WebhookGone("HTTP 410 Gone")

    webhooks = Gone()
    await world.deliver(mailer, webhooks=webhooks)()
    world.clock.advance(121)
    for _ in range(2):  # Another process; the second call is for the mail that the first one owes.
        await world.deliver(mailer, webhooks=webhooks)()
    user = await world.transactions.read(lambda t: t.users.by_id(viewer.id))
    assert user is not None
    assert user.webhook_url is None
    assert len(webhooks.sent) == posts
    assert [mail.template for mail in mailer.sent] == ["webhook.disabled"]
    told = await world.transactions.read(lambda t: t.notifications.page(viewer.id, Slice(10)))
    assert {(one.channel, one.answer) for one in told} == {
        (NotificationChannel.WEBHOOK, "HTTP 410 Gone"),
        (NotificationChannel.EMAIL, "250 OK"),
    }


async def test_a_receiver_that_is_gone_does_not_switch_off_the_one_that_was_set_meanwhile(
    world: World, mailer: MemoryMailer
):
    viewer = await with_webhook(world)
    await world.failed((await world.uploaded(viewer)).id)

    class Moved(MemoryWebhooks):
        async def send(self, message: WebhookMessage) -> str:
            if message.url == URL:
                change = SettingsChange(webhook_url=URL + "/new")
                await world.notifications.update_settings(viewer, change)
                raise WebhookGone("HTTP 410 Gone")
            return await super().send(message)

    await world.deliver(mailer, webhooks=Moved())()
    user = await world.transactions.read(lambda t: t.users.by_id(viewer.id))
    assert user is not None
    assert user.webhook_url == URL + "/new"
    assert "webhook.disabled" not in {mail.template for mail in mailer.sent}


@pytest.mark.slow
async def test_one_users_many_notifications_delay_nobody_elses(world: World, mailer: MemoryMailer):
    world.max_active = 100
    noisy, quiet = await with_webhook(world), await with_webhook(world)
    for _ in range(40):
        await world.failed((await world.uploaded(noisy)).id)
    last = await world.failed((await world.uploaded(quiet)).id)
    webhooks = MemoryWebhooks()
    assert await world.deliver(mailer, webhooks=webhooks)() == 82
    order = [json.loads(one.body)["data"]["videoId"] for one in webhooks.sent]
    assert order.index(last.id) < 8


async def test_a_message_that_nobody_can_send_holds_back_no_other(world: World, mailer: MemoryMailer):
    viewer = await with_webhook(world)
    first = await world.failed((await world.uploaded(viewer)).id)
    second = await world.failed((await world.uploaded(viewer)).id)

    class Broken(MemoryWebhooks):
        async def send(self, message: WebhookMessage) -> str:
            if first.id in message.body:
                raise ZeroDivisionError
            return await super().send(message)

    webhooks = Broken()
    deliver = world.deliver(mailer, webhooks=webhooks)
    with pytest.raises(ZeroDivisionError):
        await deliver()
    assert [json.loads(one.body)["data"]["videoId"] for one in webhooks.sent] == [second.id]
    assert await deliver() == 0  # It waits, like any that failed.
    world.clock.advance(30)
    (waiting,) = await world.due_notifications(NotificationChannel.WEBHOOK)
    assert waiting.answer == "Something went wrong on our side."


async def test_a_delivery_that_the_database_missed_is_repeated_with_the_same_id(world: World, mailer: MemoryMailer):
    viewer = await with_webhook(world)
    await world.failed((await world.uploaded(viewer)).id)

    class Unlucky(MemoryWebhooks):
        async def send(self, message: WebhookMessage) -> str:
            answer = await super().send(message)
            if len(self.sent) == 1:
                raise asyncio.CancelledError  # The process ends.
            return answer

    webhooks = Unlucky()
    deliver = world.deliver(mailer, webhooks=webhooks)
    with pytest.raises(asyncio.CancelledError):
        await deliver()
    world.clock.advance(121)
    await deliver()
    first, again = webhooks.sent
    assert first == again


# ---------------------------------------------------------------- refused files


async def refused(world: World, viewer: Viewer, name: str = "a.txt") -> None:
    with pytest.raises(UnsupportedFileFormat):
        await world.upload_video()(viewer, incoming(b"no video", name=name), ExtractionOptions())


async def test_a_refused_file_is_posted_each_time_and_mailed_once_an_hour(world: World, mailer: MemoryMailer):
    viewer, webhooks = await with_webhook(world), MemoryWebhooks()
    deliver = world.deliver(mailer, webhooks=webhooks)
    for mails in (1, 1, 1, 2):
        await refused(world, viewer, "notes.txt")
        await deliver()
        assert len(mailer.sent) == mails
        world.clock.advance(1201)
    assert len(webhooks.sent) == len({one.id for one in webhooks.sent}) == 4
    said = json.loads(webhooks.sent[0].body)
    assert said["type"] == "upload.rejected"
    assert said["data"]["originalFileName"] == "notes.txt"
    assert said["data"]["code"] == "UNSUPPORTED_FILE_FORMAT"
    assert said["data"]["reason"]
    assert mailer.sent[0].values["file_name"] == "notes.txt"


async def test_one_users_refused_file_takes_no_other_users_mail(world: World, mailer: MemoryMailer):
    for viewer in (await world.user(), await world.user()):
        await refused(world, viewer)
    await world.deliver(mailer)()
    assert len(mailer.sent) == 2


async def test_posts_about_refused_files_are_limited_by_account(world: World, mailer: MemoryMailer):
    viewer, webhooks = await with_webhook(world), MemoryWebhooks()
    world.limits.allowed[RateLimitKey.REJECTION_BY_ACCOUNT] = 3
    for _ in range(5):
        await refused(world, viewer)
    await world.deliver(mailer, webhooks=webhooks)()
    assert len(webhooks.sent) == 3


async def test_other_refusals_are_told_by_the_answer_alone(world: World, mailer: MemoryMailer):
    viewer, webhooks = await with_webhook(world), MemoryWebhooks()
    with pytest.raises(FileTooLarge):
        await world.upload_video(max_bytes=10)(viewer, incoming(), ExtractionOptions())
    assert await world.deliver(mailer, webhooks=webhooks)() == 0


async def test_a_webhook_that_never_answers_keeps_one_job_and_no_mail(world: World, mailer: MemoryMailer):
    viewer, asked, goes_on = await with_webhook(world), asyncio.Event(), asyncio.Event()
    await world.failed((await world.uploaded(viewer)).id)

    class Silent(MemoryWebhooks):
        async def send(self, message: WebhookMessage) -> str:
            asked.set()
            await goes_on.wait()
            return await super().send(message)

    deliver = world.deliver(mailer, webhooks=Silent())
    waiting = asyncio.create_task(deliver())
    await asked.wait()
    await world.failed((await world.uploaded(viewer)).id)
    sent = len(mailer.sent)
    async with asyncio.timeout(5):
        await deliver()  # Another job, which comes to its end although there is one more post to send.
    assert len(mailer.sent) > sent
    goes_on.set()
    assert await waiting >= 2
