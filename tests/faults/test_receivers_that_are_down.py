"""Mail servers and webhooks that are away for long, on a clock that is moved by hand."""

import json
from collections import Counter
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path
from secrets import token_hex

from app.domain.webhook import Webhook
from app.infra.mail import SmtpMailer
from app.infra.webhook import HttpWebhooks
from devserver.mail_sink import MailSink
from devserver.ports import free_pair
from tests.parts.receiver import OK, Post, Receiver, receiving
from tests.parts.running import RunningPart
from tests.parts.site_fixtures import empty_database
from tests.parts.world_fixtures import world
from tests.usecases.world import World

__all__ = ["empty_database", "world"]
VIDEOS = 50


def losing_answers(every: int) -> Callable[[Post], bytes | None]:
    """Take every post, and hang up before the answer to some: each such one comes again."""
    seen: Counter[str] = Counter()

    def answer(post: Post) -> bytes | None:
        seen[post.headers["webhook-id"]] += 1
        first_time = seen[post.headers["webhook-id"]] == 1
        return None if first_time and len(seen) % every == 0 else OK

    return answer


async def test_receivers_down_for_ten_minutes_get_each_notification_once_by_its_id(world: World, tmp_path: Path):
    world.max_active = VIDEOS
    sink = MailSink(tmp_path / "mail", free_pair(), token_hex(16))
    mailer = SmtpMailer(sink.url, "FIAP X <no-reply@fiapx.example>")
    viewer, receiver = await world.user(), Receiver(answer=losing_answers(every=7))
    async with receiving(receiver):
        pass  # Now its port is known, and nobody listens there.
    hook, now = Webhook.new(f"http://127.0.0.1:{receiver.port}/in"), world.clock.now()
    await world.transactions.write(lambda t: t.users.set_webhook(viewer.id, hook, now))
    await world.change_user(viewer.id, email_on_completion=True)
    deliver = world.deliver(mailer, webhooks=HttpWebhooks(loopback=True))

    videos = [(await world.uploaded(viewer)).id for _ in range(VIDEOS)]
    for number, video in enumerate(videos):  # They end over the ten minutes, while nothing can be delivered.
        await (world.failed(video) if number % 2 else world.completed(video))
        world.clock.advance(600 / VIDEOS)
        assert await deliver() == 0
    assert all([(await world.row(video)).status.final for video in videos])
    assert receiver.posts == []

    async with receiving(receiver):
        with RunningPart(sink.program(), tmp_path / "mail.log"):
            for _ in range(60):
                await deliver()
                world.clock.advance(60)
            mails = [message_from_bytes(file.read_bytes()) for file in sink.folder.glob("*.eml")]

    told = Counter(post.headers["webhook-id"] for post in receiver.posts)
    assert len(told) == VIDEOS
    assert len(receiver.posts) > VIDEOS  # Some answers were lost, and what they answered came again ...
    assert len({(post.headers["webhook-id"], post.body) for post in receiver.posts}) == VIDEOS  # ... just the same.
    assert {json.loads(post.body)["data"]["videoId"] for post in receiver.posts} == set(videos)
    assert len(mails) == len({mail["Message-ID"] for mail in mails}) == VIDEOS
    assert await deliver() == 0
