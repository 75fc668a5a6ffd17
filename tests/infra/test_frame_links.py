"""Links that let their holder read one picture of one ZIP for a short time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.domain import base64url
from app.domain.errors import LinkExpired
from app.domain.frame import ArchivedFrame
from app.infra.frame_links import HmacFrameLinks
from app.infra.links import TicketLinks
from app.usecases.ports.frame_links import FrameTicket
from tests.parts.videos import a_video, new_owner

SECRET = "a secret of links with 32 bytes.."
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LINKS = HmacFrameLinks(SECRET, lifetime_seconds=300)
VIDEO = a_video(new_owner(), attempt=3)
FAR = 2**40
FRAME = ArchivedFrame(12, 30, 1.001, 3.0, 2.0, 11_000, 1920, 1080, FAR, 250_000, "9f" * 32)


def ticket_of(video: object = VIDEO, frame: ArchivedFrame = FRAME, now: datetime = NOW, links: object = LINKS) -> str:
    url, _ = links.link(video, frame, now)  # type: ignore[attr-defined]
    return str(url).removeprefix("/frames/")


def test_a_ticket_opens_the_bytes_of_the_archive_that_it_was_made_for():
    assert LINKS.open(ticket_of(), NOW) == FrameTicket(
        VIDEO.id, 3, 12, 11_000, FAR, 250_000, "9f" * 32, NOW + timedelta(minutes=5)
    )


def test_it_is_short_and_stays_on_the_pages_host_unless_told_otherwise():
    assert len(ticket_of()) == 124
    public = HmacFrameLinks(SECRET, lifetime_seconds=300, public_url="https://videos.example/app/")
    assert public.link(VIDEO, FRAME, NOW)[0] == f"https://videos.example/app/frames/{ticket_of()}"


@pytest.mark.parametrize("lifetime", [1, 2, 3, 300, 86_401])
def test_it_lasts_longer_than_half_of_its_time_and_never_longer_than_that(lifetime: int):
    links = HmacFrameLinks(SECRET, lifetime_seconds=lifetime)
    step = timedelta(seconds=lifetime) / 97
    for number in range(200):
        now = NOW + number * step
        _, until = links.link(VIDEO, FRAME, now)
        assert timedelta(seconds=lifetime) / 2 <= until - now + timedelta(seconds=0.5)
        assert until - now <= timedelta(seconds=lifetime)


def test_all_processes_give_the_same_link_at_the_same_time():
    again = HmacFrameLinks(SECRET, lifetime_seconds=300)
    assert again.link(VIDEO, FRAME, NOW + timedelta(seconds=149)) == LINKS.link(VIDEO, FRAME, NOW)
    assert again.link(VIDEO, FRAME, NOW + timedelta(seconds=150)) != LINKS.link(VIDEO, FRAME, NOW)


def test_it_expires_to_the_second_and_says_so():
    ticket = ticket_of()
    assert LINKS.open(ticket, NOW + timedelta(seconds=299.9)) is not None
    with pytest.raises(LinkExpired):
        LINKS.open(ticket, NOW + timedelta(seconds=300))


def test_whatever_it_names_is_another_link():
    changed = [
        ticket_of(a_video(new_owner(), attempt=3)),
        ticket_of(replace(VIDEO, attempt=4)),
        ticket_of(frame=replace(FRAME, index=13)),
        ticket_of(frame=replace(FRAME, offset=FAR + 1)),
        ticket_of(frame=replace(FRAME, size_bytes=250_001)),
        ticket_of(frame=replace(FRAME, name_milliseconds=11_001)),
        ticket_of(frame=replace(FRAME, sha256="9e" * 32)),
    ]
    assert len({ticket_of(), *changed}) == 8


def test_no_bit_of_it_can_be_changed():
    data = bytearray(base64url.decoded(ticket_of()))
    for bit in range(8 * len(data)):
        data[bit // 8] ^= 1 << bit % 8
        assert LINKS.open(base64url.encoded(bytes(data)), NOW) is None, bit
        data[bit // 8] ^= 1 << bit % 8
    assert LINKS.open(base64url.encoded(bytes(data)), NOW) is not None


@pytest.mark.parametrize("more", ["=", "==", "A", "AAAA", "\n", " ", ".", "é"])
def test_nothing_can_be_written_behind_it_or_left_out(more: str):
    ticket = ticket_of()
    assert LINKS.open(ticket + more, NOW) is None
    assert LINKS.open(ticket[: -len(more)], NOW) is None


def test_one_that_was_signed_with_another_secret_or_for_another_purpose_opens_nothing():
    assert HmacFrameLinks(SECRET[::-1], lifetime_seconds=300).open(ticket_of(), NOW) is None
    of_files = TicketLinks(SECRET, lifetime_seconds=300)
    url, _ = of_files.link("results/a/1.zip", file_name="a.zip", content_type="application/zip", now=NOW)
    assert LINKS.open(url.removeprefix("/files/"), NOW) is None
    assert of_files.open(ticket_of(), NOW) is None


def test_a_short_secret_is_refused():
    with pytest.raises(ValueError, match="at least 32 bytes"):
        HmacFrameLinks("short", lifetime_seconds=300)
