"""What the log says of a request: which one, and whose, by a name that tells nobody who it is."""

import asyncio

from structlog.contextvars import merge_contextvars
from structlog.processors import format_exc_info
from structlog.testing import capture_logs

from app.domain.user import pseudonym
from app.infra.traces import add_trace
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


async def test_a_line_of_a_request_names_its_callers_trace(site: Site, ana: Person):
    site.storage.away = True
    trace = "0af7651916cd43dd8448eb211c80319c"
    with capture_logs([add_trace]) as lines:
        for header in (f"00-{trace}-b7ad6b7169203331-01", "00-not-one-01"):
            await ana.http.post("/videos/upload", files={"file": ("a.mp4", MP4)}, headers={"traceparent": header})
    told = [line.get("trace_id") for line in lines if line["event"] == "storage_unavailable"]
    assert told == [trace, None]


async def test_a_fault_while_a_file_is_fetched_names_the_route_and_not_the_ticket(site: Site, ana: Person):
    video = (await ana.http.post("/videos/upload", files={"file": ("a.mp4", MP4)})).json()["id"]
    await site.completed(video)
    asked = "query($id: ID!) { video(id: $id) { ... on VideoProcessing { result { downloadUrl } } } }"
    data = await ana.ask(asked, id=video)
    url = data["video"]["result"]["downloadUrl"]
    site.storage.broken = RuntimeError("a fault of ours")
    with capture_logs([format_exc_info]) as lines:
        assert (await ana.http.get(url)).status_code == 500
    (told,) = [line for line in lines if line["event"] == "unexpected_error"]
    assert told["route"] == "/files/{ticket}"
    assert url.rpartition("/")[2] not in repr(lines)
