"""Short words for stories of batches: what is in them, and their one ZIP."""

import io
import zipfile
from typing import Any
from urllib.parse import urlsplit

from app.domain.video import archive_key
from tests.parts.site import MP4, Person, Site

CREATE = "mutation($input: CreateBatchInput!) { createBatch(input: $input) { ... on Batch { id } } }"
DOWNLOAD = "query($id: ID!) { batch(id: $id) { ... on Batch { download { url expiresAt } } } }"


def stored(*files: tuple[str, bytes]) -> bytes:
    """Return a ZIP as workers write them, but by Python's own hand."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return made.getvalue()


async def new_batch(person: Person, name: str = "holidays", **otherwise: Any) -> str:
    return str((await person.ask(CREATE, input={"name": name, **otherwise}))["createBatch"]["id"])


async def uploaded(person: Person, batch: str, name: str = "a.mp4") -> str:
    """Send a video by REST that joins a batch; return its id."""
    files = {"batchId": (None, batch.encode()), "file": (name, MP4)}
    answer = await person.http.post("/videos/upload", files=files)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def joined(site: Site, person: Person, batch: str, name: str = "a.mp4", content: bytes | None = None) -> str:
    """The same, of which a worker makes this ZIP."""
    held = await site.claimed(await uploaded(person, batch, name))
    content = stored(("frame_000001_00-00-00.000.jpg", b"a picture")) if content is None else content
    if site.bucket is not None:
        async with site.bucket.writer(archive_key(held.id, held.attempt), "application/zip") as writer:
            await writer.write(content)
    await site.finished(held, content)
    return held.id


async def zip_of(person: Person, batch: str) -> str:
    """Return the path of the link to a batch's ZIP."""
    return str(urlsplit((await person.ask(DOWNLOAD, id=batch))["batch"]["download"]["url"]).path)
