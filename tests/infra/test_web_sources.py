"""Whom an import may reach, and how it asks."""

import pytest

from app.domain.failure import ImportFailureCode
from app.domain.video_import import LinkFault
from app.infra.web_sources import WebSources
from tests.infra.test_webhook_network import FORBIDDEN, PUBLIC, StubNetwork, StubResolver
from tests.parts.film_server import Asked, FilmServer, serving

FILM = b"\x00\x00\x00\x20ftypisom" + bytes(1000)
NOT_PUBLIC = ImportFailureCode.LINK_NOT_PUBLIC


async def fault_of(sources: WebSources, link: str) -> LinkFault:
    with pytest.raises(LinkFault) as fault:
        async with sources.open(link):
            pass
    return fault.value


async def test_no_forbidden_address_is_connected_to_however_it_is_spelled():
    async with serving(FilmServer(FILM)) as here:
        for host in FORBIDDEN:
            for scheme in ("http", "https"):
                fault = await fault_of(WebSources(), f"{scheme}://{host}:{here.port}/a.mp4")
                assert (fault.failure.code, fault.passing) == (NOT_PUBLIC, False), host
        assert here.asked == []
        async with WebSources(loopback=True).open(here.url()) as answer:  # What is allowed does arrive.
            assert b"".join([chunk async for chunk in answer.chunks]) == FILM


@pytest.mark.parametrize("address", [one.strip("[]") for one in FORBIDDEN])
async def test_a_name_that_resolves_to_a_forbidden_address_is_not_connected_to(address: str):
    network = StubNetwork()
    for found in ([address], [PUBLIC, address], [address, PUBLIC]):
        sources = WebSources(resolve=StubResolver(found), network=network)
        fault = await fault_of(sources, "https://films.example/a.mp4")
        assert (fault.failure.code, fault.passing) == (NOT_PUBLIC, False)
    assert network.connected == []


async def test_the_name_that_a_redirect_leads_to_is_looked_at_anew():
    def elsewhere(_: Asked) -> bytes:
        return b"HTTP/1.1 302 Found\r\nLocation: https://inside.example/a.mp4\r\nContent-Length: 0\r\n\r\n"

    async with serving(FilmServer(answer=elsewhere)) as here:
        network, resolver = StubNetwork(here.port), StubResolver(["127.0.0.1"], ["10.0.0.1"])
        sources = WebSources(loopback=True, resolve=resolver, network=network)
        fault = await fault_of(sources, f"http://localhost:{here.port}/a.mp4")
    assert (fault.failure.code, fault.passing) == (NOT_PUBLIC, False)
    assert resolver.asked == ["localhost", "inside.example"]
    assert network.connected == ["127.0.0.1"]


async def test_dns_rebinding_changes_nothing_after_the_address_was_checked():
    network, resolver = StubNetwork(), StubResolver([PUBLIC], ["127.0.0.1"])
    network.away = {PUBLIC}
    sources = WebSources(resolve=resolver, network=network)
    assert (await fault_of(sources, "https://films.example/a.mp4")).passing
    assert (resolver.asked, network.connected) == (["films.example"], [PUBLIC])


async def test_it_asks_for_the_bytes_as_they_are_and_for_no_more_than_is_missing():
    async with serving(
        FilmServer(FILM, more=("Content-Disposition: inline; filename*=UTF-8''f%C3%A9rias.mp4",))
    ) as here:
        sources = WebSources(loopback=True)
        async with sources.open(here.url("/a?b=c")) as whole:
            assert (whole.starts_at, whole.total_bytes, whole.validator) == (0, len(FILM), '"one"')
            assert whole.file_name == "férias.mp4"
        async with sources.open(here.url(), 100, '"one"') as rest:
            assert (rest.starts_at, rest.total_bytes) == (100, len(FILM))
            assert b"".join([chunk async for chunk in rest.chunks]) == FILM[100:]
    first, second = here.asked
    assert first.path == "/a?b=c"
    assert first.headers["accept-encoding"] == "identity"
    assert first.headers["host"] == f"127.0.0.1:{here.port}"
    assert "range" not in first.headers
    assert (second.headers["range"], second.headers["if-range"]) == ("bytes=100-", '"one"')


@pytest.mark.parametrize(
    ("etag", "more", "validator"),
    [
        ('"one"', (), '"one"'),
        ('W/"one"', (), None),
        ('W/"one"', ("Last-Modified: Mon, 23 Nov 2026 12:00:00 GMT",), "Mon, 23 Nov 2026 12:00:00 GMT"),
        (None, (), None),
        ('"' + "x" * 300 + '"', (), None),
    ],
)
async def test_only_what_tells_contents_apart_byte_for_byte_is_gone_by(
    etag: str | None, more: tuple[str, ...], validator: str | None
):
    sources = WebSources(loopback=True)
    async with serving(FilmServer(FILM, etag=etag, more=more)) as here, sources.open(here.url()) as answer:
        assert answer.validator == validator


@pytest.mark.parametrize(
    ("answer", "code", "passing"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "LINK_UNREACHABLE", True),
        (b"", "LINK_UNREACHABLE", True),
        (b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 200_000 + b"\r\n\r\n", "LINK_UNREACHABLE", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", "LINK_UNREACHABLE", True),
        (b"HTTP/1.1 302 Found\r\nLocation: //[::1\r\nContent-Length: 0\r\n\r\n", "LINK_NOT_PUBLIC", False),
    ],
)
async def test_what_is_no_answer_is_told_as_such(answer: bytes, code: str, passing: bool):
    async with serving(FilmServer(answer=lambda _: answer)) as here:
        fault = await fault_of(WebSources(loopback=True), here.url())
    assert (fault.failure.code, fault.passing) == (code, passing)


async def test_a_server_that_says_nothing_is_not_waited_for_for_ever():
    sources = WebSources(loopback=True, silent_seconds=0.2)
    async with serving(FilmServer(FILM, pause=60, piece=10)) as here, sources.open(here.url()) as answer:
        with pytest.raises(LinkFault, match="said nothing for too long"):
            _ = [chunk async for chunk in answer.chunks]
