"""Mails by the thousand: what one reader and one receiver are sent at most, and what becomes of the rest."""

import pytest

from app.domain.notification import DeliveryStatus, NotificationChannel
from app.domain.session import Viewer
from app.domain.user import mailbox_of
from app.domain.webhook import Webhook
from app.usecases.notifications import SettingsChange
from app.usecases.paging import Slice
from app.usecases.ports.rate_limits import RateLimitKey
from tests.fakes.messengers import MemoryMailer, MemoryWebhooks
from tests.usecases.world import World

MAILS = NotificationChannel.EMAIL


@pytest.fixture
def mailer() -> MemoryMailer:
    return MemoryMailer()


async def log(world: World, viewer: Viewer) -> list[tuple[str, DeliveryStatus, str | None]]:
    told = await world.transactions.read(lambda t: t.notifications.page(viewer.id, Slice(1000)))
    return [(one.event, one.status, one.answer) for one in told]


async def failures(world: World, viewer: Viewer, count: int) -> None:
    world.max_active = max(world.max_active, count)
    for _ in range(count):
        await world.failed((await world.uploaded(viewer)).id)


@pytest.mark.slow
async def test_a_hundred_failures_are_a_few_mails_and_one_digest_and_all_are_in_the_log(
    world: World, mailer: MemoryMailer
):
    world.limits.allowed = {RateLimitKey.MAIL_BY_RECIPIENT: 20}
    viewer, deliver = await world.user(), world.deliver(mailer)
    for _ in range(6):  # Some while others are being sent, as it is.
        await failures(world, viewer, 20)
        await deliver()
    assert [mail.template for mail in mailer.sent] == ["video.failed"] * 20
    held = [answer for _, status, answer in await log(world, viewer) if status is DeliveryStatus.PENDING]
    assert len(held) == 101
    assert held.count("There were too many mails: one digest tells of the rest.") == 100

    world.limits.spent.clear()
    world.clock.advance(61)
    await deliver()
    assert [mail.template for mail in mailer.sent[20:]] == ["account.digest"]
    said = mailer.sent[-1].values
    assert (said["failed"], said["completed"], said["rejected"], said["others"]) == ("100", "", "", "")
    told = await log(world, viewer)
    assert len(told) == 121
    assert {status for _, status, _ in told} == {DeliveryStatus.DELIVERED}
    assert sum(answer == "In a digest: 250 OK" for _, _, answer in told) == 100
    world.clock.advance(30 * 24 * 3600)
    assert await deliver() == 0  # And nobody is told of any of them again.


async def test_whoever_is_told_by_a_digest_may_be_told_of_other_things(world: World, mailer: MemoryMailer):
    world.limits.allowed = {RateLimitKey.MAIL_BY_RECIPIENT: 1, RateLimitKey.ACCOUNT_MAIL_BY_RECIPIENT: 1}
    viewer, other, deliver = await world.user(), await world.user(), world.deliver(mailer)
    await failures(world, viewer, 3)
    await failures(world, other, 1)
    await deliver()
    assert sorted(mail.template for mail in mailer.sent) == ["video.failed", "video.failed"]
    assert len({mail.to for mail in mailer.sent}) == 2
    # Word of the account is not kept back by news of videos, and beyond its own limit it is in the digest too.
    settings = world.notifications.update_settings
    for url in ("https://a.example.com/", "https://b.example.com/"):
        await settings(viewer, SettingsChange(webhook_url=url))
        await deliver()
    assert [mail.template for mail in mailer.sent[2:]] == ["account.webhook_changed"]
    world.limits.spent.clear()
    world.clock.advance(61)
    await deliver()
    assert mailer.sent[-1].values["failed"] == "2"
    assert mailer.sent[-1].values["others"] == "1"


async def test_a_digest_that_its_server_refuses_says_so_of_all_that_it_stood_for(world: World, mailer: MemoryMailer):
    world.limits.allowed = {RateLimitKey.MAIL_BY_RECIPIENT: 1}
    viewer, deliver = await world.user(), world.deliver(mailer)
    await failures(world, viewer, 3)
    await deliver()
    world.limits.spent.clear()
    mailer.away = mailer.permanent = True
    world.clock.advance(61)
    await deliver()
    told = await log(world, viewer)
    assert [status for _, status, _ in told].count(DeliveryStatus.FAILED) == 3
    assert {answer for _, status, answer in told if status is DeliveryStatus.FAILED} == {"421 try again later"}


async def test_a_digest_waits_where_there_is_no_room_for_it_either(world: World, mailer: MemoryMailer):
    world.limits.allowed = {RateLimitKey.MAIL_BY_RECIPIENT: 1}
    viewer, deliver = await world.user(), world.deliver(mailer)
    await failures(world, viewer, 2)
    for _ in range(3):
        await deliver()
        world.clock.advance(61)
    assert len(mailer.sent) == 1
    world.limits.spent.clear()
    await deliver()
    assert [mail.template for mail in mailer.sent] == ["video.failed", "account.digest"]


async def test_a_mail_server_that_is_down_uses_up_nobodys_mails(world: World, mailer: MemoryMailer):
    world.limits.allowed = {RateLimitKey.MAIL_BY_RECIPIENT: 2}
    viewer, deliver = await world.user(), world.deliver(mailer)
    await failures(world, viewer, 2)
    mailer.away = True
    for _ in range(6):
        await deliver()
        world.clock.advance(600)
    mailer.away = False
    world.clock.advance(3600)
    await deliver()
    assert [mail.template for mail in mailer.sent] == ["video.failed"] * 2


async def test_what_is_asked_for_again_is_counted_again(world: World, mailer: MemoryMailer):
    world.limits.allowed = {RateLimitKey.MAIL_BY_RECIPIENT: 3}
    viewer, deliver = await world.user(), world.deliver(mailer)
    await failures(world, viewer, 1)
    for _ in range(5):
        await deliver()
        (told,) = [
            one
            for one in await world.transactions.read(lambda t: t.notifications.page(viewer.id, Slice(10)))
            if one.event == "video.failed"
        ]
        await world.transactions.write(lambda t, id_=told.id: t.notifications.again(viewer.id, id_, world.clock.now()))  # type: ignore[misc]
    assert len(mailer.sent) == 3


async def test_what_a_lost_digest_stood_for_is_told_in_the_end(world: World, mailer: MemoryMailer):
    world.limits.allowed = {RateLimitKey.MAIL_BY_RECIPIENT: 1}
    viewer, deliver = await world.user(), world.deliver(mailer)
    await failures(world, viewer, 2)
    await deliver()
    # Another version's worker knows no digests and gives it up.
    digest = await world.transactions.read(lambda t: t.notifications.waiting_digest(viewer.id))
    assert digest is not None
    assert await world.transactions.write(lambda t: t.notifications.give_up(digest, 0, answer="cannot be written"))
    world.limits.spent.clear()
    world.clock.advance(4 * 24 * 3600 + 61)
    await deliver()
    assert [mail.template for mail in mailer.sent] == ["video.failed"] * 2


def test_one_mailbox_may_have_many_addresses():
    assert mailbox_of("victim+1@example.com") == mailbox_of("victim@example.com") == "victim@example.com"


async def test_posts_are_held_back_by_account_and_by_host_and_none_is_lost(world: World, mailer: MemoryMailer):
    world.limits.allowed = {RateLimitKey.WEBHOOK_BY_ACCOUNT: 3, RateLimitKey.WEBHOOK_BY_HOST: 5}
    webhooks, viewers = MemoryWebhooks(), [await world.user() for _ in range(2)]
    deliver = world.deliver(mailer, webhooks=webhooks)
    for viewer in viewers:
        hook, now = Webhook.new("https://hooks.example.com/in"), world.clock.now()
        await world.transactions.write(lambda t, v=viewer, h=hook, n=now: t.users.set_webhook(v.id, h, n))  # type: ignore[misc]
        await failures(world, viewer, 5)
    await deliver()
    assert len(webhooks.sent) == 5
    world.limits.allowed = {}
    world.clock.advance(121)
    await deliver()
    assert len({one.id for one in webhooks.sent}) == len(webhooks.sent) == 10
