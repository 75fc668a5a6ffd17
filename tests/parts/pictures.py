"""Videos whose ZIP a worker has really made, of pictures that a story names."""

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from app.domain.frame import Frame
from app.domain.video import FramesArchive, VideoId, VideoProcessing
from app.wiring import attempt_video
from tests.fakes.extractor import ScriptedExtractor, a_frame
from tests.parts.site import MP4, Person, Site
from tests.parts.wired import decoding_parts

STILL = a_frame(0, b"\xff\xd8 the still", 0.0, 1.0)
"""Of a film of 25 a second and three seconds: it stands for two instants, so it is two files."""
LAST = a_frame(50, b"\xff\xd8 the last one" * 5000, 2.0)
PICTURES = (STILL.data, STILL.data, LAST.data)


def many(count: int) -> Iterator[Frame]:
    """Pictures of which each has bytes of its own, one every 40 ms."""
    return (a_frame(number, b"picture %d" % number * (1 + number % 3)) for number in range(count))


async def pictured(
    site: Site, person: Person, frames: Sequence[Frame] = (STILL, LAST), *, name: str = "a.mp4", **options: Any
) -> str:
    """Upload a film, and let a worker make its ZIP of these pictures; return its id."""
    if options:
        video = await uploaded_with(person, name, options)
    else:
        video = await person.uploaded(name=name)
    await taken(site, video, frames)
    return video


async def taken(site: Site, video: str, frames: Sequence[Frame] = (STILL, LAST)) -> None:
    """Let a worker make the ZIP of a film that was uploaded."""
    attempt = attempt_video(site.settings, site.opened, decoding_parts(ScriptedExtractor(frames)))
    assert await attempt(VideoId(video)) is None


async def uploaded_with(person: Person, name: str, options: dict[str, Any]) -> str:
    """Upload by GraphQL, which takes options."""
    query = """mutation($file: Upload!, $options: ExtractionOptionsInput) {
      uploadVideo(file: $file, options: $options) { ... on VideoProcessing { id } ... on Problem { message } } }"""
    operations = json.dumps({"query": query, "variables": {"file": None, "options": options}})
    form = {"operations": operations, "map": '{"0": ["variables.file"]}'}
    answer = await person.http.post("/graphql", data=form, files={"0": (name, MP4)})
    return str(answer.json()["data"]["uploadVideo"]["id"])


async def archive_of(site: Site, video: str) -> FramesArchive:
    """What the row tells of the ZIP."""
    found = await row_of(site, video)
    assert found.archive is not None
    return found.archive


async def row_of(site: Site, video: str) -> VideoProcessing:
    found = await site.transactions.read(lambda t: t.videos.get(VideoId(video)))
    assert found is not None
    return found


def manifest_of(content: bytes) -> Any:
    """The ZIP's own word on its pictures, as any reader of ZIPs finds it."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return json.loads(archive.read("manifest.json"))
