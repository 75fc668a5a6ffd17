import asyncio
from datetime import datetime

import pytest

from app.domain.errors import NotificationError
from app.domain.notification import Mail
from app.infra.secret_tokens import HmacResetTokens
from app.usecases.deliver_notifications import DeliverNotifications
from tests.usecases.world import World


class MemoryMailer:
    """Obeys ports.Mailer; ``away`` makes it refuse as a server does that is down."""

    def __init__(self) -> None:
        self.away = False
        self.permanent = False
        self.sent: list[Mail] = []

    async def send(self, mail: Mail) -> str:
        await asyncio.sleep(0)
        if self.away:
            raise NotificationError("421 try again later", permanent=self.permanent)
        self.sent.append(mail)
        return "250 OK"


@pytest.fixture
def mailer():
    return MemoryMailer()


@pytest.fixture
def deliver(world: World, mailer: MemoryMailer):
    return DeliverNotifications(
        world.transactions, mailer, HmacResetTokens("k" * 32), world.clock, "http://localhost:8000"
    )


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
    world.clock.advance(16)
    assert await deliver() == 1


async def test_a_worker_that_dies_while_it_sends_leaves_the_mail_to_another(
    world: World, mailer: MemoryMailer, deliver
):
    await world.failed((await world.uploaded(await world.user())).id)
    mailer.away = True
    now = world.clock.now()
    (pending,) = await world.transactions.read(lambda t: t.notifications.due(now, 10))
    # It is claimed, and nobody ever hears of it again.
    assert await world.transactions.write(lambda t: t.notifications.claim(pending, now=now, until=now))
    mailer.away = False
    world.clock.advance(1)
    assert await deliver() == 1


async def due(world: World, at: datetime) -> int:
    return len(await world.transactions.read(lambda t: t.notifications.due(at, 10)))


async def test_a_mail_is_given_up_after_three_days(world: World, mailer: MemoryMailer, deliver):
    await world.failed((await world.uploaded(await world.user())).id)
    mailer.away = True
    tries = 0
    for _ in range(200):
        before = world.clock.now()
        tries += await due(world, before)
        await deliver()
        world.clock.advance(3600)
    assert 10 < tries < 40
    mailer.away = False
    assert await deliver() == 0


async def test_a_mail_that_its_server_refuses_for_good_is_not_sent_again(world: World, mailer: MemoryMailer, deliver):
    await world.failed((await world.uploaded(await world.user())).id)
    mailer.away = mailer.permanent = True
    await deliver()
    mailer.away = False
    world.clock.advance(24 * 3600)
    assert await deliver() == 0
