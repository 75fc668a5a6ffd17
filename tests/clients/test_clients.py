"""The libraries that clients are written with, real ones, against the real application."""

from tests.clients.conftest import node, running
from tests.parts.site import Person, Site


async def test_a_client_asks_uploads_watches_and_finds_its_way_back(site: Site, ana: Person, client: tuple[str, str]):
    async with running(*client, f"{site.url}/graphql", ana.token) as program:
        assert (await program.step())["name"] == "Ana Souza"
        assert await program.step() == {"step": "problem", "code": "VIDEO_NOT_FOUND"}
        assert await program.step() == {"step": "error", "code": "BAD_USER_INPUT"}
        uploaded = await program.step()
        assert (uploaded["step"], uploaded["status"]) == ("upload", "PENDING")
        assert await program.step() == {"step": "event", "status": "PENDING"}
        site.cut_connections()
        assert await program.step() == {"step": "event", "status": "PENDING"}
        held = await site.claimed(uploaded["id"])
        assert await program.step() == {"step": "event", "status": "PROCESSING"}
        site.cut_connections()
        assert await program.step() == {"step": "event", "status": "PROCESSING"}
        await site.finished(held)
        assert await program.step() == {"step": "event", "status": "COMPLETED"}
        assert await program.step() == {"step": "complete"}
        assert await program.end() == 0
    assert next(iter(site.storage.objects.values())).data[4:12] == b"ftypisom"


async def test_all_audits_of_graphql_over_http_pass(site: Site):
    outcomes = {}
    async with running(node(), "audits.mjs", f"{site.url}/graphql") as program:
        for _ in range(61):
            audit = await program.step()
            outcomes[f"{audit['id']} {audit['name']}"] = audit["status"]
        assert await program.end() == 0
    assert {name: status for name, status in outcomes.items() if status != "ok"} == {}
    assert len(outcomes) == 61
