import pytest

from app.domain.errors import InvalidInput, NotificationError, RateLimited, Unauthenticated
from app.domain.notification import NotificationChannel, NotificationEvent
from app.domain.session import Viewer
from app.usecases.enqueue_notification import Message, enqueue_notification
from app.usecases.notifications import SettingsChange
from app.usecases.paging import Wanted, cursor_of
from app.usecases.ports.rate_limits import RateLimitKey
from tests.fakes.messengers import MemoryMailer, MemoryWebhooks
from tests.usecases.world import World

URL = "https://hooks.example.com/in"
WEBHOOK = NotificationChannel.WEBHOOK


@pytest.fixture
def update(world: World):
    return world.notifications.update_settings


@pytest.fixture
def rotate(world: World):
    return world.notifications.rotate_webhook_secret


@pytest.fixture
def send_test(world: World):
    return world.notifications.send_test


@pytest.fixture
def redeliver(world: World):
    return world.notifications.redeliver


async def log(world: World, viewer: Viewer):
    return (await world.notifications.page(viewer)).entries


async def posts(world: World, viewer: Viewer):
    return [one for one in await log(world, viewer) if one.channel is WEBHOOK]


async def test_what_is_left_out_stays_as_it_is(world: World, update):
    viewer = await world.user()
    user = (await update(viewer, SettingsChange())).user
    assert (user.email_on_failure, user.email_on_completion, user.webhook_url) == (True, False, None)
    await update(viewer, SettingsChange(email_on_completion=True))
    await update(viewer, SettingsChange(webhook_url=URL))
    user = (await update(viewer, SettingsChange(email_on_failure=False))).user
    assert (user.email_on_failure, user.email_on_completion, user.webhook_url) == (False, True, URL)


async def test_a_new_url_gets_a_key_that_is_shown_once_and_the_same_url_changes_nothing(world: World, update):
    viewer = await world.user()
    first = await update(viewer, SettingsChange(webhook_url=URL))
    assert first.secret.startswith("whsec_")
    assert (await update(viewer, SettingsChange(webhook_url=URL))).secret is None
    assert (await update(viewer, SettingsChange(email_on_failure=True))).secret is None
    other = await update(viewer, SettingsChange(webhook_url=URL + "2"))
    assert other.secret not in {None, first.secret}


async def test_a_webhook_is_removed_by_null_and_its_key_with_it(world: World, update, rotate):
    viewer = await world.user()
    first = await update(viewer, SettingsChange(webhook_url=URL))
    assert (await update(viewer, SettingsChange(webhook_url=None))).user.webhook_url is None
    with pytest.raises(NotificationError):
        await rotate(viewer)
    assert (await update(viewer, SettingsChange(webhook_url=URL))).secret != first.secret


async def test_a_url_that_breaks_a_rule_changes_nothing(world: World, update):
    viewer = await world.user()
    with pytest.raises(InvalidInput):
        await update(viewer, SettingsChange(email_on_failure=False, webhook_url="http://169.254.169.254/"))
    assert (await update(viewer, SettingsChange())).user.email_on_failure


async def test_one_users_settings_are_not_anothers(world: World, update):
    ana, bruno = await world.user(), await world.user()
    await update(ana, SettingsChange(email_on_failure=False, webhook_url=URL))
    user = (await update(bruno, SettingsChange())).user
    assert (user.email_on_failure, user.webhook_url) == (True, None)


async def test_whoever_is_gone_sets_nothing(world: World, update, rotate, send_test):
    viewer = await world.user()
    await world.transactions.write(lambda t: t.users.remove(viewer.id))
    for attempt in (update(viewer, SettingsChange()), rotate(viewer), send_test(viewer)):
        with pytest.raises(Unauthenticated):
            await attempt


async def test_every_change_of_a_webhook_is_mailed_to_its_owner(world: World, update, rotate):
    viewer, mailer = await world.user(), MemoryMailer()
    await update(viewer, SettingsChange(webhook_url=URL))
    await update(viewer, SettingsChange(webhook_url=URL, email_on_failure=False))  # The same, which is no change.
    await rotate(viewer)
    await update(viewer, SettingsChange(webhook_url=None))
    await world.deliver(mailer)()
    assert {mail.template for mail in mailer.sent} == {"account.webhook_changed"}
    assert sorted(mail.values["webhook_url"] for mail in mailer.sent) == ["", URL, URL]


async def test_after_a_rotation_posts_are_signed_with_both_keys_for_a_day(world: World, update, rotate, send_test):
    viewer, webhooks = await world.user(), MemoryWebhooks()
    first = (await update(viewer, SettingsChange(webhook_url=URL))).secret
    second = (await rotate(viewer)).secret
    for keys in ((second, first), (second,)):
        await send_test(viewer)
        await world.deliver(MemoryMailer(), webhooks=webhooks)()
        assert webhooks.sent[-1].secrets == keys
        world.clock.advance(24 * 3600)


async def test_a_test_is_posted_and_its_outcome_is_in_the_log(world: World, update, send_test):
    viewer, webhooks = await world.user(), MemoryWebhooks()
    with pytest.raises(NotificationError):
        await send_test(viewer)
    await update(viewer, SettingsChange(webhook_url=URL))
    told = await send_test(viewer)
    assert (told.status, told.event, told.attempts) == ("PENDING", NotificationEvent.WEBHOOK_TEST, 0)
    webhooks.fault = NotificationError("HTTP 500")
    await world.deliver(MemoryMailer(), webhooks=webhooks)()
    (entry,) = await posts(world, viewer)
    assert (entry.id, entry.status, entry.attempts, entry.answer) == (told.id, "PENDING", 1, "HTTP 500")
    webhooks.fault = None
    world.clock.advance(30)
    await world.deliver(MemoryMailer(), webhooks=webhooks)()
    (entry,) = await posts(world, viewer)
    assert (entry.status, entry.attempts, entry.answer) == ("DELIVERED", 2, "HTTP 204 No Content")
    assert entry.delivered_at == world.clock.now()
    assert [one.id for one in webhooks.sent] == [told.id] * 2


async def test_a_delivery_can_begin_anew_under_the_same_id_and_body(world: World, update, redeliver):
    viewer, webhooks = await world.user(), MemoryWebhooks()
    await update(viewer, SettingsChange(webhook_url=URL))
    await world.failed((await world.uploaded(viewer)).id)
    await world.deliver(MemoryMailer(), webhooks=webhooks)()
    (told,) = await posts(world, viewer)
    assert told.status == "DELIVERED"
    world.clock.advance(10 * 24 * 3600)
    again = await redeliver(viewer, told.id)
    assert (again.id, again.status, again.delivered_at) == (told.id, "PENDING", None)
    webhooks.fault = NotificationError("HTTP 503")
    deliver = world.deliver(MemoryMailer(), webhooks=webhooks)
    await deliver()  # Days after it happened it is tried again all the same, since it began anew.
    webhooks.fault = None
    world.clock.advance(30)
    assert await deliver() == 1
    first, *others = webhooks.sent
    assert len(others) == 2
    assert all((one.id, one.body) == (first.id, first.body) for one in others)


async def test_only_ones_own_notifications_can_be_delivered_again(world: World, update, redeliver):
    ana, bruno = await world.user(), await world.user()
    await world.failed((await world.uploaded(ana)).id)
    (told,) = await log(world, ana)
    assert await log(world, bruno) == []
    for nothing in (told.id, "no id", "", "0" * 36):
        with pytest.raises(InvalidInput):
            await redeliver(bruno, nothing)
    assert (await redeliver(ana, told.id)).id == told.id


async def test_a_mail_that_is_good_once_is_not_sent_again(world: World, redeliver):
    viewer = await world.user()
    user = await world.transactions.read(lambda t: t.users.by_id(viewer.id))
    assert user is not None
    news = Message(event=NotificationEvent.PASSWORD_RESET, at=world.clock.now(), data={})
    told = await world.transactions.write(lambda t: enqueue_notification(t, user, news, NotificationChannel.EMAIL))
    with pytest.raises(InvalidInput, match="ask for a new one"):
        await redeliver(viewer, told.id)


async def test_deliveries_cannot_be_asked_for_without_end(world: World, update, redeliver, send_test):
    viewer = await world.user()
    await update(viewer, SettingsChange(webhook_url=URL))
    world.limits.allowed[RateLimitKey.DELIVERY_BY_ACCOUNT] = 2
    told = await send_test(viewer)
    await redeliver(viewer, told.id)
    for attempt in (send_test(viewer), redeliver(viewer, told.id)):
        with pytest.raises(RateLimited):
            await attempt


async def test_a_webhook_that_was_removed_gets_nothing(world: World, update, redeliver, send_test):
    viewer, webhooks = await world.user(), MemoryWebhooks()
    await update(viewer, SettingsChange(webhook_url=URL))
    told = await send_test(viewer)
    await update(viewer, SettingsChange(webhook_url=None))
    await world.deliver(MemoryMailer(), webhooks=webhooks)()
    (entry,) = await posts(world, viewer)
    assert (entry.status, webhooks.sent) == ("FAILED", [])
    assert "removed" in str(entry.answer)
    with pytest.raises(NotificationError):
        await redeliver(viewer, told.id)


async def test_the_log_has_pages_newest_first(world: World, update, send_test):
    viewer = await world.user()
    await update(viewer, SettingsChange(webhook_url=URL))
    told = [one.id for one in await log(world, viewer)]
    world.clock.advance(0.5)
    for _ in range(7):
        told.append((await send_test(viewer)).id)
        world.clock.advance(0.5)
    seen, after = [], None
    while True:
        page = await world.notifications.page(viewer, Wanted(3, after))
        seen += [one.id for one in page.entries]
        if not page.has_next:
            break
        after = cursor_of(page.entries[-1])
    assert seen == told[::-1]
    for first, cursor in ((0, None), (101, None), (3, "no cursor")):
        with pytest.raises(InvalidInput):
            await world.notifications.page(viewer, Wanted(first, cursor))
