"""What the log says of a request: which one, and whose, by a name that tells nobody who it is."""

import asyncio

from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from app.domain.user import pseudonym
from tests.parts.site import MP4, Person, Site


async def test_lines_name_the_request_and_the_user_by_a_pseudonym(site: Site, ana: Person, bruno: Person):
    site.storage.away = True
    with capture_logs([merge_contextvars]) as lines:
        await asyncio.gather(
            *(
                person.http.post("/videos/upload", files={"file": ("a.mp4", MP4)}, headers={"X-Request-Id": name})
                for person, name in ((ana, "request-of-ana"), (bruno, "request-of-bruno"))
            )
        )
    told = {line["request_id"]: line["user"] for line in lines if line["event"] == "storage_unavailable"}
    assert told == {"request-of-ana": pseudonym(ana.id), "request-of-bruno": pseudonym(bruno.id)}
    for secret in (ana.id, ana.email, ana.token):
        assert secret not in repr(lines)


async def test_a_line_of_nobody_names_nobody(site: Site, ana: Person):
    await ana.ask("{ me { id } }")
    site.storage.broken = RuntimeError("a fault of ours")
    with capture_logs([merge_contextvars]) as lines:
        await ana.http.get("/files/no-ticket")
        await ana.http.post("/auth/login", json={"email": "nobody@example.com", "password": "not the password"})
    assert not [line for line in lines if "user" in line]
