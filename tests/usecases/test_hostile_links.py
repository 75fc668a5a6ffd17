"""Links that lead to nothing good: each is refused in a sentence, and nothing is left behind."""

import pytest

from app.domain.errors import InvalidInput
from app.domain.options import ExtractionOptions
from app.domain.video_import import ImportStatus, checked_link
from tests.parts.film_server import Asked
from tests.usecases.importing import FILM, MIB, Importing
from tests.usecases.world import World

DEFAULTS = ExtractionOptions()


def answering(status: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ("http://films.example/a.mp4", "begins with https://"),
        ("ftp://films.example/a.mp4", "begins with https://"),
        ("file:///etc/passwd", "names a host"),
        ("data:video/mp4;base64,AAAA", "names a host"),
        ("gopher://films.example/", "begins with https://"),
        ("films.example/a.mp4", "names a host"),
        ("https://127.0.0.1/a.mp4", "reached from everywhere"),
        ("https://localhost/a.mp4", "reached from everywhere"),
        ("https://10.0.0.1/a.mp4", "reached from everywhere"),
        ("https://169.254.169.254/latest/meta-data/", "reached from everywhere"),
        ("https://[::ffff:127.0.0.1]/a.mp4", "reached from everywhere"),
        ("https://[::1]/a.mp4", "reached from everywhere"),
        ("https://2130706433/a.mp4", "reached from everywhere"),
        ("https://0x7f000001/a.mp4", "reached from everywhere"),
        ("https://0177.0.0.1/a.mp4", "reached from everywhere"),
        ("https://films.example:22/a.mp4", "port is 443"),
        ("https://films.example:80/a.mp4", "port is 443"),
        ("https://films.example:0/a.mp4", "no port"),
        ("https://films.example:99999/a.mp4", "no port"),
        ("https://ana:secret@films.example/a.mp4", "no user and no password"),
        ("https://films.example@10.0.0.1/a.mp4", "no user and no password"),
        ("https://films.example/a.mp4#t=10", "no fragment"),
        ("https://films.example/a b.mp4", "no spaces"),
        ("https://films.example/férias.mp4", "printable ASCII"),
        ("https://films.example/a.mp4\r\nX: y", "printable ASCII"),
        ("https://films.example/" + "a" * 2048, "up to 2048"),
        ("s3://cameras", "s3://bucket/key"),
        ("s3:/cameras/a.mp4", "s3://bucket/key"),
        ("s3://CAMERAS/a.mp4", "s3://bucket/key"),
        ("s3://cameras/", "ends with its key"),
        ("s3://cameras/a?b", "ends with its key"),
        ("s3://others/a.mp4", "Nothing is imported here from this bucket"),
    ],
)
def test_what_is_no_link_of_ours_is_refused_when_it_is_asked_for(link: str, sentence: str):
    with pytest.raises(InvalidInput, match=sentence) as refused:
        checked_link(link, {"cameras"})
    assert refused.value.field == ("url",)


async def test_objects_are_imported_from_buckets_that_a_setting_names_and_never_from_the_services_own(world: World):
    ana = await world.user()
    imports = world.do(import_buckets=("cameras", "fiapx")).imports
    assert (await imports.create(ana, "s3://cameras/yard/a.mp4", DEFAULTS)).url == "s3://cameras/yard/a.mp4"
    for link in ("s3://fiapx/sources/x", "s3://others/a.mp4"):
        with pytest.raises(InvalidInput, match="from this bucket"):
            await imports.create(ana, link, DEFAULTS)
    with pytest.raises(InvalidInput, match="from this bucket"):
        await world.do().imports.create(ana, "s3://cameras/yard/a.mp4", DEFAULTS)


PAGE = b"<!DOCTYPE html><html><title>Sign in</title><form action=/login></form></html>"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (PAGE * 1000, "a web page"),
        (PAGE, "a web page"),
        (b"", "It is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a picture"),
        (b"%PDF-1.7" + bytes(100), "a PDF document"),
        (b"#EXTM3U\nhttp://10.0.0.1/a.ts\n", "a playlist"),
        (b"just a letter", "text"),
    ],
)
async def test_what_is_no_film_is_refused_by_its_first_bytes_whatever_it_is_called(
    world: World, content: bytes, said: str
):
    async with Importing.of(world, content=content, more=("Content-Type: video/mp4",)) as importing:
        code, sentence = await importing.refused()
    assert code == "NOT_A_VIDEO"
    assert said in sentence
    assert sentence.startswith("What is behind this link is not a video.")


async def test_a_film_that_says_it_is_larger_than_may_be_is_refused_before_its_first_byte(world: World):
    async with Importing.of(world, promised=100 * 1024**3) as importing:
        code, sentence = await importing.refused(max_file_bytes=50 * 1024**3)
    assert (code, "51200 MiB are allowed" in sentence) == ("FILE_TOO_LARGE", True)
    assert importing.server.sent < 8 * MIB


async def test_a_stream_without_length_ends_where_no_file_may_be_larger(world: World):
    async with Importing.of(world, content=FILM * 4, chunked=True) as importing:
        code, _ = await importing.refused(max_file_bytes=10 * MIB)
    assert code == "FILE_TOO_LARGE"
    assert importing.server.sent < 20 * MIB


async def test_a_stream_without_length_ends_where_its_owner_may_keep_no_more(world: World):
    async with Importing.of(world, content=FILM, chunked=True) as importing:
        world.max_stored = 100 * MIB  # A stream is admitted by 256 MiB.
        assert (await importing.refused())[0] == "QUOTA_EXCEEDED"
        world.max_stored, world.max_stored_in_all = None, 100 * MIB
        assert (await importing.refused())[0] == "STORAGE_FULL"


async def test_a_film_for_which_there_is_no_room_is_refused_before_it_comes(world: World):
    async with Importing.of(world) as importing:
        world.max_stored = 10 * MIB
        assert (await importing.refused())[0] == "QUOTA_EXCEEDED"
        world.max_stored, world.storage.room = None, MIB
        assert (await importing.refused())[0] == "STORAGE_FULL"


async def test_who_promises_more_than_comes_is_asked_again_and_then_given_up(world: World):
    async with Importing.of(world, promised=len(FILM) + MIB) as importing:
        code, sentence = await importing.refused()
    assert (code, "was cut" in sentence) == ("LINK_UNREACHABLE", True)
    tail = len(FILM) - 16 * MIB
    assert importing.server.sent == len(FILM) + 7 * tail  # The parts that came are not asked for again.


async def test_who_promises_less_than_comes_is_held_to_it(world: World):
    async with Importing.of(world, promised=9 * MIB) as importing:
        ended = await importing.ended((await importing.ask()).id)
    assert (ended.status, ended.total_bytes) == (ImportStatus.IMPORTED, 9 * MIB)
    (stored,) = world.storage.objects.values()
    assert stored.data == FILM[: 9 * MIB]


async def test_a_film_that_becomes_another_between_two_ranges_is_refused(world: World):
    for other in ({"etag": '"two"'}, {"promised": len(FILM) + 1}, {"ranges": False, "etag": None}):
        async with Importing.of(world, cuts=[9 * MIB]) as importing:
            asked = await importing.ask()
            assert await importing.fetch()(asked.id) is not None
            for name, value in other.items():
                setattr(importing.server, name, value)
            world.clock.advance(10)
            ended = await importing.ended(asked.id)
            assert ended.failure is not None
            assert ended.failure.code == "LINK_CHANGED"
            await importing.nothing_left()


async def test_an_endless_trickle_is_given_up(world: World):
    async with Importing.of(world, pause=0.02, piece=100) as importing:
        code, sentence = await importing.refused(slow_seconds=0.1)
    assert (code, sentence) == ("TIMED_OUT", "The file behind this link came with less than 64 KiB a second.")
    assert len(importing.server.asked) == 8


async def test_a_film_that_takes_longer_than_its_size_allows_is_given_up(world: World):
    async with Importing.of(world, cuts=[9 * MIB]) as importing:
        asked = await importing.ask()
        assert await importing.fetch()(asked.id) is not None
        world.clock.advance(59 * 60)
        assert (await importing.row(asked.id)).ends_at > world.clock.now()
        world.clock.advance(62)  # An hour, for 20 MiB at 64 KiB a second are less.
        ended = await importing.ended(asked.id)
        assert ended.failure is not None
        assert ended.failure.code == "TIMED_OUT"
        await importing.nothing_left()


@pytest.mark.parametrize(
    ("status", "code", "tries"),
    [
        ("404 Not Found", "LINK_REFUSED", 1),
        ("403 Forbidden", "LINK_REFUSED", 1),
        ("204 No Content", "LINK_REFUSED", 1),
        ("206 Partial Content", "LINK_REFUSED", 1),
        ("304 Not Modified", "LINK_REFUSED", 1),
        ("302 Found", "LINK_REFUSED", 1),  # To nowhere.
        ("429 Too Many Requests", "LINK_UNREACHABLE", 8),
        ("503 Service Unavailable", "LINK_UNREACHABLE", 8),
    ],
)
async def test_a_server_that_gives_no_file_is_asked_again_only_where_that_may_help(
    world: World, status: str, code: str, tries: int
):
    async with Importing.of(world, answer=lambda _: answering(status)) as importing:
        found, sentence = await importing.refused()
    assert (found, len(importing.server.asked)) == (code, tries)
    assert f"HTTP {status[:3]}" in sentence or status.startswith("206")


async def test_a_packed_file_is_refused(world: World):
    async with Importing.of(world, more=("Content-Encoding: gzip",)) as importing:
        code, sentence = await importing.refused()
    assert (code, "packed (gzip)" in sentence) == ("LINK_REFUSED", True)


async def test_redirects_are_followed_to_where_one_could_import_from_and_no_further(world: World):
    async with Importing.of(world) as importing:
        hops = {"/a": "/b?x=1", "/b?x=1": importing.server.url("/film.mp4#t=5")}

        def answer(asked: Asked) -> bytes | None:
            to = hops.get(asked.path)
            return to and answering("302 Found", f"Location: {to}")  # type: ignore[return-value]

        importing.server.answer = answer
        ended = await importing.ended((await importing.ask(importing.server.url("/a"))).id)
        assert ended.status is ImportStatus.IMPORTED
        assert [one.path for one in importing.server.asked] == ["/a", "/b?x=1", "/film.mp4"]
        assert ended.file_name == "film.mp4"


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("http://169.254.169.254/latest/meta-data/", "LINK_NOT_PUBLIC"),
        ("https://10.0.0.1/a.mp4", "LINK_NOT_PUBLIC"),
        ("https://[::ffff:10.0.0.1]/a.mp4", "LINK_NOT_PUBLIC"),
        ("file:///etc/passwd", "LINK_NOT_PUBLIC"),
        ("s3://cameras/a.mp4", "LINK_NOT_PUBLIC"),
        ("https://ana:secret@films.example/a.mp4", "LINK_NOT_PUBLIC"),
        ("/again", "LINK_REFUSED"),
    ],
)
async def test_a_redirect_to_anything_else_is_not_followed(world: World, to: str, code: str):
    settings = {"import_loopback": True, "import_buckets": ("cameras",)}
    async with Importing.of(world, answer=lambda _: answering("302 Found", f"Location: {to}")) as importing:
        importing.settings = settings
        found, sentence = await importing.refused()
    assert found == code
    assert "redirect" in sentence
    assert len(importing.server.asked) == (6 if code == "LINK_REFUSED" else 1)
