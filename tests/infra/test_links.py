"""Links that let their holder read one object for a short time."""

import asyncio
import re
import unicodedata
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.error import HTTPError
from urllib.parse import unquote
from urllib.request import ProxyHandler, build_opener

import jwt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.infra.links import PresignedLinks, TicketLinks, content_disposition, safe_file_name
from app.infra.s3.client import s3_client
from app.infra.s3.storage import S3Storage
from tests.parts.stores import S3Part

SECRET = "a secret of links with 32 bytes.."
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LINKS = TicketLinks(SECRET, lifetime_seconds=300)


def ticket_for(key: str = "results/a/1.zip", name: str = "férias-frames.zip", links: TicketLinks = LINKS) -> str:
    url, _ = links.link(key, file_name=name, content_type="application/zip", now=NOW)
    return url.removeprefix("/files/")


def test_a_ticket_opens_what_it_was_made_for() -> None:
    ticket = LINKS.open(ticket_for(), NOW)
    assert ticket is not None
    assert (ticket.key, ticket.file_name) == ("results/a/1.zip", "férias-frames.zip")
    assert (ticket.content_type, ticket.expires_at) == ("application/zip", NOW + timedelta(minutes=5))


def test_a_link_says_when_it_ends_and_stays_on_the_pages_host_unless_told_otherwise() -> None:
    assert LINKS.link("k", file_name="n", content_type="t", now=NOW)[1] == NOW + timedelta(minutes=5)
    public = TicketLinks(SECRET, lifetime_seconds=300, public_url="https://videos.example/app/")
    url, _ = public.link("k", file_name="n", content_type="t", now=NOW)
    assert url.startswith("https://videos.example/app/files/")
    assert re.fullmatch(r"/files/[\w.-]+", LINKS.link("k", file_name="\u202e%/é", content_type="t", now=NOW)[0])


def test_a_ticket_expires_to_the_second() -> None:
    ticket = ticket_for()
    assert LINKS.open(ticket, NOW + timedelta(seconds=299.9)) is not None
    assert LINKS.open(ticket, NOW + timedelta(seconds=300)) is None


def test_a_ticket_signed_with_another_secret_opens_nothing() -> None:
    other = TicketLinks(SECRET[::-1], lifetime_seconds=300)
    assert other.open(ticket_for(), NOW) is None


@pytest.mark.parametrize("audience", [None, "fiapx-api", ["fiapx-api", "another"]])
def test_what_was_signed_with_the_same_secret_for_another_purpose_opens_nothing(audience: object) -> None:
    claims = jwt.decode(ticket_for(), options={"verify_signature": False}) | {"aud": audience}
    assert LINKS.open(jwt.encode(claims, SECRET, algorithm="HS256"), NOW) is None


def test_a_ticket_that_names_no_algorithm_or_another_opens_nothing() -> None:
    links = TicketLinks(SECRET * 2, lifetime_seconds=300)
    claims = jwt.decode(ticket_for(links=links), options={"verify_signature": False})
    assert links.open(jwt.encode(claims, "", algorithm="none"), NOW) is None
    assert links.open(jwt.encode(claims, SECRET * 2, algorithm="HS512"), NOW) is None


@pytest.mark.parametrize("more", ["=", "==", "=x", "\n", " ", "!", "."])
def test_nothing_can_be_written_behind_a_ticket(more: str) -> None:
    assert LINKS.open(ticket_for() + more, NOW) is None


def test_no_character_of_a_ticket_can_be_changed() -> None:
    ticket = ticket_for()
    for place, was in enumerate(ticket):
        for other in ("A", "b", ".", "="):
            if other != was:
                assert LINKS.open(ticket[:place] + other + ticket[place + 1 :], NOW) is None


def test_a_payload_cannot_be_exchanged_under_a_signature() -> None:
    header, _, signature = ticket_for().split(".")
    other = jwt.encode(
        jwt.decode(ticket_for(), options={"verify_signature": False}) | {"sub": "sources/of-another"},
        SECRET[::-1],
        algorithm="HS256",
    )
    assert LINKS.open(f"{header}.{other.split('.')[1]}.{signature}", NOW) is None


@pytest.mark.slow
@given(st.text(max_size=200))
@example("")
@example(".")
@example("\ud800.x")
@example("é.é")
@example("a" * 10_000_000)
@example("." * 5000)
def test_garbage_opens_nothing(garbage: str) -> None:
    assert LINKS.open(garbage, NOW) is None
    assert LINKS.open(ticket_for() + garbage + "x", NOW) is None


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        TicketLinks("short", lifetime_seconds=300)


@pytest.mark.parametrize(
    ("file_name", "header"),
    [
        ("a.zip", "attachment; filename=\"a.zip\"; filename*=UTF-8''a.zip"),
        ("férias é.zip", "attachment; filename=\"ferias e.zip\"; filename*=UTF-8''f%C3%A9rias%20%C3%A9.zip"),
        (
            'x"; filename=evil.exe',
            "attachment; filename=\"x; filename=evil.exe\"; filename*=UTF-8''x%3B%20filename%3Devil.exe",
        ),
        ("../../etc/passwd", "attachment; filename=\"etcpasswd\"; filename*=UTF-8''etcpasswd"),
        ("a\r\nSet-Cookie: x", "attachment; filename=\"aSet-Cookie: x\"; filename*=UTF-8''aSet-Cookie%3A%20x"),
        ("gpj.\u202eexe.zip", "attachment; filename=\"gpj.exe.zip\"; filename*=UTF-8''gpj.exe.zip"),
        ("100%41.zip", "attachment; filename=\"100_41.zip\"; filename*=UTF-8''100%2541.zip"),
        ("日本.zip", "attachment; filename=\"download.zip\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.zip"),
        (
            "\uff02\uff3c\uff0f.zip",
            "attachment; filename=\"download.zip\"; filename*=UTF-8''%EF%BC%82%EF%BC%BC%EF%BC%8F.zip",
        ),
        ("\ud800", "attachment; filename=\"download\"; filename*=UTF-8''download"),
        ("...", "attachment; filename=\"download\"; filename*=UTF-8''download"),
        ("", "attachment; filename=\"download\"; filename*=UTF-8''download"),
    ],
)
def test_a_file_name_cannot_leave_its_header(file_name: str, header: str) -> None:
    assert content_disposition(file_name) == header


@given(st.text(alphabet=st.characters(), max_size=300))
def test_every_file_name_makes_a_valid_header(file_name: str) -> None:
    match = re.fullmatch(
        r'attachment; filename="([ !#-\[\]-~]+)"; filename\*=UTF-8\'\'([A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-F]{2})+',
        content_disposition(file_name),
    )
    assert match
    assert "/" not in match[1]
    name = unquote(content_disposition(file_name).partition("UTF-8''")[2])
    assert name == safe_file_name(file_name) == safe_file_name(name)
    assert len(name.encode()) <= 150
    assert not any(unicodedata.category(c) in {"Cc", "Cf", "Cs"} or c in '"/\\' for c in name)


def test_a_long_name_keeps_its_extension_and_whole_characters() -> None:
    name = safe_file_name("é" * 200 + ".mp4-frames.zip")
    assert name.startswith("ééé")
    assert name.endswith("é.zip")
    assert len(name.encode()) in {149, 150}


@pytest.fixture
async def storage(s3: S3Part, bucket: str) -> AsyncIterator[S3Storage]:
    client = s3_client(s3.url, region="us-east-1", access_key=s3.access_key, secret_key=s3.secret_key)
    storage = S3Storage(client, bucket, region="us-east-1", threads=2)
    async with storage.writer("results/a/1.zip", "application/zip") as writer:
        await writer.write(b"the frames")
    yield storage
    await storage.aclose()


async def opened(url: str) -> tuple[int, dict[str, str], bytes]:
    def get() -> tuple[int, dict[str, str], bytes]:
        try:
            with build_opener(ProxyHandler({})).open(url, timeout=10) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except HTTPError as refused:
            with refused:
                return refused.code, {}, b""

    return await asyncio.to_thread(get)


async def test_a_presigned_link_gives_the_object_its_name_and_type_and_nothing_else(
    s3: S3Part, bucket: str, storage: S3Storage
) -> None:
    client = s3_client(s3.url, region="us-east-1", access_key=s3.access_key, secret_key=s3.secret_key)
    links = PresignedLinks(client, bucket, lifetime_seconds=300)
    url, expires_at = links.link(
        "results/a/1.zip", file_name="férias-frames.zip", content_type="application/x-frames", now=NOW
    )
    client.close()
    assert expires_at == NOW + timedelta(minutes=5)
    status, headers, body = await opened(url)
    assert (status, body) == (200, b"the frames")
    assert headers["Content-Type"] == "application/x-frames"
    assert headers["Content-Disposition"] == content_disposition("férias-frames.zip")
    assert (await opened(url.replace("1.zip", "2.zip", 1)))[0] == 403
    assert (await opened(url.replace("frames.zip", "evil.exe")))[0] == 403
    assert (await opened(url.partition("?")[0]))[0] == 403


async def test_a_presigned_link_expires(s3: S3Part, bucket: str, storage: S3Storage) -> None:
    client = s3_client(s3.url, region="us-east-1", access_key=s3.access_key, secret_key=s3.secret_key)
    url, _ = PresignedLinks(client, bucket, lifetime_seconds=1).link(
        "results/a/1.zip", file_name="a.zip", content_type="application/zip", now=NOW
    )
    client.close()
    async with asyncio.timeout(10):
        while (await opened(url))[0] == 200:
            await asyncio.sleep(0.2)
    assert (await opened(url))[0] == 403


async def test_a_presigned_link_names_the_host_that_the_outside_knows(s3: S3Part, bucket: str) -> None:
    for public_url, start in (
        ("https://files.example", f"https://files.example/{bucket}/results/a/1.zip?"),
        ("https://s3.us-east-1.amazonaws.com", f"https://{bucket}.s3.us-east-1.amazonaws.com/results/a/1.zip?"),
    ):
        client = s3_client(public_url, region="us-east-1", access_key=s3.access_key, secret_key=s3.secret_key)
        url, _ = PresignedLinks(client, bucket, lifetime_seconds=60).link(
            "results/a/1.zip", file_name="a.zip", content_type="application/zip", now=NOW
        )
        client.close()
        assert url.startswith(start)
        assert s3.secret_key not in url
