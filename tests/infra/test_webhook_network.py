"""Whom a webhook may reach: names, addresses and certificates."""

import asyncio
import ssl
from collections.abc import Iterable, Sequence
from ipaddress import ip_network

import httpcore
import pytest
import trustme

from app.domain.errors import NotificationError
from app.infra.public_network import NotPublic, PublicNetwork, SystemResolver, Unresolved
from app.infra.webhook import HttpWebhooks
from tests.infra.webhook_messages import message
from tests.parts.receiver import Receiver, receiving

PUBLIC = "93.184.216.34"


class StubNetwork(httpcore.AsyncNetworkBackend):
    """Leads every address to a receiver on this machine, and remembers which address was asked for."""

    def __init__(self, port: int = 9) -> None:
        self._port = port
        self._inner = httpcore.AnyIOBackend()
        self.connected: list[str] = []
        self.away: set[str] = set()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.connected.append(host)
        if host in self.away:
            raise httpcore.ConnectError("no route")
        return await self._inner.connect_tcp("127.0.0.1", self._port, timeout)


class StubResolver:
    """Gives one answer after the other, the last one again and again."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


# ---------------------------------------------------------------- what must not be reached

FORBIDDEN = [
    # Loopback, in every spelling that some resolver or library takes for it.
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "2130706433", "017700000001", "0177.0.0.1", "0x7f.0.0.1",
    "0x7f.1", "0x7f000001", "0", "0.0.0.0", "localhost", "localhost.", "LOCALHOST", "ip6-localhost",
    "127.0.0.1.", "①②⑦.⓪.⓪.①", "127。0。0。1",
    # IPv6, and IPv4 within it.
    "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]",    "[64:ff9b::7f00:1]", "[64:ff9b::8.8.8.8]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[fe80::1]", "[fe80::1%25lo]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]", "[2001:db8::1]", "[3fff::1]",
    "[100::1]",
    # Private, link-local, clouds' metadata, multicast, reserved.
    "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "169.254.170.2", "100.64.0.1",
    "100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "2852039166", "0xa9fea9fe",
]  # fmt: skip


async def test_no_forbidden_address_is_connected_to_however_it_is_spelled() -> None:
    assert len(FORBIDDEN) >= 40
    sender = HttpWebhooks(whole_seconds=5)
    async with receiving(Receiver()) as four, receiving(Receiver(port=four.port), host="::1") as six:
        for host in FORBIDDEN:
            for scheme in ("http", "https"):
                with pytest.raises(NotificationError) as failure:
                    await sender.send(message(f"{scheme}://{host}:{four.port}/"))
                assert failure.value.permanent, host
        assert (four.connections, six.connections) == (0, 0)
        # The listener counts: what is allowed does arrive.
        await HttpWebhooks(loopback=True).send(message(f"http://127.0.0.1:{four.port}/"))
        assert four.connections == 1


@pytest.mark.parametrize("address", [one.strip("[]") for one in FORBIDDEN])
async def test_a_name_that_resolves_to_a_forbidden_address_is_not_connected_to(address: str) -> None:
    network = StubNetwork()
    for answer in ([address], [PUBLIC, address], [address, PUBLIC]):
        sender = HttpWebhooks(resolve=StubResolver(answer), network=network)
        with pytest.raises(NotificationError) as failure:
            await sender.send(message("https://hooks.example.com/"))
        assert failure.value.permanent
    assert network.connected == []


@pytest.mark.parametrize("host", [one.strip("[]") for one in FORBIDDEN])
async def test_forbidden_addresses_are_refused_as_the_system_resolves_them_too(host: str) -> None:
    network = StubNetwork()
    with pytest.raises((NotPublic, Unresolved)):
        await PublicNetwork(network, SystemResolver(), loopback=False, denied=()).connect_tcp(host, 443)
    assert network.connected == []


async def test_dns_rebinding_changes_nothing_after_the_address_was_checked() -> None:
    network, resolver = StubNetwork(), StubResolver([PUBLIC], ["127.0.0.1"])
    network.away = {PUBLIC}
    sender = HttpWebhooks(resolve=resolver, network=network)
    with pytest.raises(NotificationError, match="no connection"):
        await sender.send(message("https://hooks.example.com/"))
    assert resolver.asked == ["hooks.example.com"]
    assert network.connected == [PUBLIC]
    with pytest.raises(NotificationError, match="not open to the whole internet"):  # The next try looks again.
        await sender.send(message("https://hooks.example.com/"))
    assert network.connected == [PUBLIC]


async def test_networks_that_the_operator_names_are_not_reached() -> None:
    network = StubNetwork()
    denied = [ip_network("93.184.0.0/16"), ip_network("2606:4700::/32")]
    for address in (PUBLIC, "2606:4700::1111"):
        sender = HttpWebhooks(denied=denied, resolve=StubResolver([address]), network=network)
        with pytest.raises(NotificationError):
            await sender.send(message("https://hooks.example.com/"))
    assert network.connected == []


async def test_a_name_with_an_empty_answer_is_not_connected_to() -> None:
    with pytest.raises(NotificationError):
        await HttpWebhooks(resolve=StubResolver([]), network=StubNetwork()).send(message("https://hooks.example.com/"))


async def test_a_name_that_does_not_resolve_is_a_transient_fault() -> None:
    async def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError("Name or service not known")

    with pytest.raises(NotificationError, match="could not be resolved") as failure:
        await HttpWebhooks(resolve=unknown).send(message("https://hooks.example.com/"))
    assert not failure.value.permanent


# ---------------------------------------------------------------- TLS


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def server_of(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


async def test_tls_is_spoken_with_the_name_though_the_address_is_connected_to(authority: trustme.CA) -> None:
    tls = server_of(authority, "hooks.example.com")
    async with receiving(Receiver(), tls=tls) as receiver:
        network = StubNetwork(receiver.port)
        network.away = {"93.184.216.1"}
        sender = HttpWebhooks(
            trusted=trusting(authority), resolve=StubResolver(["93.184.216.1", PUBLIC]), network=network
        )
        assert await sender.send(message("https://hooks.example.com/in")) == "HTTP 204 No Content"
    (post,) = receiver.posts
    assert post.server_name == "hooks.example.com"
    assert post.headers["host"] == "hooks.example.com"
    assert network.connected == ["93.184.216.1", PUBLIC]  # The first one was away.


async def test_a_certificate_of_another_name_or_of_nobody_gets_nothing(authority: trustme.CA) -> None:
    for issuer, name in ((authority, "evil.example"), (trustme.CA(), "hooks.example.com")):
        async with receiving(Receiver(), tls=server_of(issuer, name)) as receiver:
            sender = HttpWebhooks(
                trusted=trusting(authority), resolve=StubResolver([PUBLIC]), network=StubNetwork(receiver.port)
            )
            with pytest.raises(NotificationError, match="certificate was not accepted"):
                await sender.send(message("https://hooks.example.com/"))
            assert receiver.posts == []


# ---------------------------------------------------------------- names


async def test_the_systems_resolver_is_asked_in_threads_that_nobody_waits_for() -> None:
    assert set(await SystemResolver()("localhost", 443)) <= {"127.0.0.1", "::1"}
    assert await SystemResolver()("127.0.0.1", 443) == ["127.0.0.1"]


async def test_no_more_names_are_asked_for_than_there_are_places_and_each_place_is_given_back() -> None:
    resolve = SystemResolver(at_once=1)
    first = asyncio.create_task(resolve("127.0.0.1", 443))
    await asyncio.sleep(0)  # It has begun.
    outcomes = await asyncio.gather(first, resolve("127.0.0.1", 443), return_exceptions=True)
    assert sum(isinstance(outcome, list) for outcome in outcomes) >= 1
    assert await resolve("127.0.0.1", 443) == ["127.0.0.1"]
    none_left = SystemResolver(at_once=0)
    with pytest.raises(OSError, match="too many"):
        await none_left("127.0.0.1", 443)
