"""Posts to webhooks, as receivers get them, and all that must never get one."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from app.domain.errors import NotificationError, WebhookGone
from app.domain.webhook import new_secret
from app.infra.webhook import HttpWebhooks
from tests.infra.webhook_messages import BODY, SECRET, message
from tests.parts.receiver import Receiver, receiving

# ---------------------------------------------------------------- what a receiver gets


async def test_the_librarys_own_verifier_accepts_what_is_posted(receiver: Receiver) -> None:
    assert await HttpWebhooks(loopback=True).send(message(f"http://127.0.0.1:{receiver.port}/h?a=1")) == (
        "HTTP 204 No Content"
    )
    (post,) = receiver.posts
    assert post.line == "POST /h?a=1 HTTP/1.1"
    assert post.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert post.headers["content-type"] == "application/json"
    assert post.headers["webhook-id"] == message("").id
    assert Webhook(SECRET).verify(post.body, post.headers) == json.loads(BODY)


async def test_a_body_changed_by_one_byte_is_refused_by_the_verifier(receiver: Receiver) -> None:
    await HttpWebhooks(loopback=True).send(message(f"http://127.0.0.1:{receiver.port}/"))
    (post,) = receiver.posts
    for place in (0, len(post.body) // 2, len(post.body) - 1):
        changed = bytearray(post.body)
        changed[place] ^= 1
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(changed.decode("latin-1"), post.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(post.body, {**post.headers, "webhook-id": "another"})
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(post.body, post.headers)


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_a_post_of_another_time_is_refused_by_the_verifier(receiver: Receiver, minutes: int) -> None:
    then = datetime.now(UTC) + timedelta(minutes=minutes)
    await HttpWebhooks(loopback=True, now=lambda: then).send(message(f"http://127.0.0.1:{receiver.port}/"))
    (post,) = receiver.posts
    with pytest.raises(WebhookVerificationError, match="timestamp"):
        Webhook(SECRET).verify(post.body, post.headers)


async def test_after_a_rotation_both_keys_verify(receiver: Receiver) -> None:
    former = new_secret()
    await HttpWebhooks(loopback=True).send(message(f"http://127.0.0.1:{receiver.port}/", SECRET, former))
    (post,) = receiver.posts
    for secret in (SECRET, former):
        assert Webhook(secret).verify(post.body, post.headers)


async def test_each_try_has_the_same_id_and_body(receiver: Receiver) -> None:
    sender = HttpWebhooks(loopback=True)
    for _ in range(2):
        await sender.send(message(f"http://127.0.0.1:{receiver.port}/"))
    first, second = receiver.posts
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)


# ---------------------------------------------------------------- what receivers answer


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 500 Oh no\r\nContent-Length: 6\r\n\r\nsecret", "HTTP 500 Internal Server Error"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "HTTP 404 Not Found"),
        (b"HTTP/1.1 799 What\r\nContent-Length: 0\r\n\r\n", "HTTP 799"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "The receiver could not be talked to: it does not speak HTTP."),
        (b"", "The receiver could not be talked to: it does not speak HTTP."),
    ],
)
async def test_what_is_no_success_is_told_by_its_status_alone(receiver: Receiver, answer: bytes, said: str) -> None:
    receiver.answer = lambda _: answer
    with pytest.raises(NotificationError) as failure:
        await HttpWebhooks(loopback=True).send(message(f"http://127.0.0.1:{receiver.port}/"))
    assert failure.value.message == said
    assert not failure.value.permanent


async def test_a_receiver_that_is_gone_says_so(receiver: Receiver) -> None:
    receiver.answer = lambda _: b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(WebhookGone, match="HTTP 410 Gone"):
        await HttpWebhooks(loopback=True).send(message(f"http://127.0.0.1:{receiver.port}/"))


async def test_a_receiver_that_is_away_is_a_passing_fault(receiver: Receiver) -> None:
    async with receiving(Receiver()) as another:
        pass
    with pytest.raises(NotificationError, match="no connection") as failure:
        await HttpWebhooks(loopback=True).send(message(f"http://127.0.0.1:{another.port}/"))
    assert not failure.value.permanent


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_a_redirect_to_the_metadata_of_a_cloud_is_not_followed(receiver: Receiver, code: int) -> None:
    async with receiving(Receiver()) as inside:
        targets = ["http://169.254.169.254/latest/meta-data/", f"http://127.0.0.1:{inside.port}/"]
        for target in targets:
            receiver.answer = lambda _, target=target: (  # type: ignore[misc]
                f"HTTP/1.1 {code} Moved\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()
            )
            with pytest.raises(NotificationError, match="redirects are not followed"):
                await HttpWebhooks(loopback=True).send(message(f"http://127.0.0.1:{receiver.port}/"))
        assert inside.connections == 0
    assert receiver.connections == 2


async def test_an_endless_answer_is_read_up_to_64_kib() -> None:
    sent = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
                sent += 65536
        except ConnectionError:
            writer.transport.abort()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        assert await HttpWebhooks(loopback=True).send(message(url)) == "HTTP 200 OK"
    assert sent < 32 * 1024**2  # What lies in the buffers between us; without a bound it is gigabytes.


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"])
async def test_a_slow_receiver_times_out(head: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(head)
            await reader.read()
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server, asyncio.timeout(10):
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        with pytest.raises(NotificationError, match=r"longer than 0\.3 seconds"):
            await HttpWebhooks(loopback=True, whole_seconds=0.3).send(message(url))


async def test_a_receiver_that_trickles_its_answer_times_out() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
            while not writer.is_closing():
                writer.write(b".")
                await writer.drain()
                await asyncio.sleep(0.05)
        except ConnectionError:
            return
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server, asyncio.timeout(10):
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        with pytest.raises(NotificationError, match=r"longer than 0\.5 seconds"):
            await HttpWebhooks(loopback=True, whole_seconds=0.5).send(message(url))


async def test_headers_cannot_be_added_by_a_url(receiver: Receiver) -> None:
    for path in ("/\r\nX-Evil: 1", "/ HTTP/1.1\r\nX: 1", "/\n"):
        with pytest.raises(NotificationError) as failure:
            await HttpWebhooks(loopback=True).send(message(f"http://127.0.0.1:{receiver.port}{path}"))
        assert failure.value.permanent
    assert receiver.connections == 0


async def test_a_receiver_is_told_the_trace_that_the_message_belongs_to(receiver: Receiver) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    for one in (trace, None):
        await HttpWebhooks(loopback=True).send(replace(message(f"http://127.0.0.1:{receiver.port}/"), traceparent=one))
    assert [post.headers.get("traceparent") for post in receiver.posts] == [trace, None]
    assert all(Webhook(SECRET).verify(post.body, post.headers) for post in receiver.posts)
