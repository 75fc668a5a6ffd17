"""A receiver of webhooks in another language, with that language's library of the specification."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.errors import NotificationError
from app.domain.notification import NotificationChannel
from app.domain.webhook import Webhook, WebhookMessage, new_secret
from app.infra.webhook import HttpWebhooks
from tests.clients.conftest import node, running
from tests.fakes.messengers import MemoryMailer
from tests.parts.world_fixtures import world
from tests.usecases.world import World

__all__ = ["world"]


async def test_a_receiver_in_node_verifies_what_is_delivered(world: World):
    viewer = await world.user()
    webhook = Webhook.new("http://127.0.0.1:9/")
    async with running(node(), "receiver.mjs", webhook.secret) as receiver:
        here = replace(webhook, url=f"http://127.0.0.1:{(await receiver.step())['port']}/hooks/fiapx?from=fiapx")
        await world.transactions.write(lambda t: t.users.set_webhook(viewer.id, here, world.clock.now()))
        failed = await world.failed((await world.uploaded(viewer)).id)
        completed = await world.completed((await world.uploaded(viewer)).id)
        owed = {told.id for told in await world.due_notifications(NotificationChannel.WEBHOOK)}
        await world.deliver(MemoryMailer(), webhooks=HttpWebhooks(loopback=True))()
        steps = [await receiver.step() for _ in range(2)]
    assert all(step["verified"] for step in steps)
    assert {step["id"] for step in steps} == owed
    said = {step["event"]["type"]: step["event"]["data"]["videoId"] for step in steps}
    assert said == {"video.failed": failed.id, "video.completed": completed.id}


async def test_a_receiver_in_node_refuses_another_key_and_another_time():
    secret = new_secret()
    async with running(node(), "receiver.mjs", secret) as receiver:
        url = f"http://127.0.0.1:{(await receiver.step())['port']}/"
        old = datetime.now(UTC) - timedelta(minutes=6)
        for sender, key in (
            (HttpWebhooks(loopback=True), new_secret()),
            (HttpWebhooks(loopback=True, now=lambda: old), secret),
        ):
            with pytest.raises(NotificationError, match="HTTP 401"):
                await sender.send(WebhookMessage("an id", url, (key,), "{}"))
            assert (await receiver.step())["verified"] is False
        assert await HttpWebhooks(loopback=True).send(WebhookMessage("an id", url, (new_secret(), secret), "{}"))
        assert (await receiver.step())["verified"] is True
