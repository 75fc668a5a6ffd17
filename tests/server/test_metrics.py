"""What operators see, as Prometheus reads it."""

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.parts.site import MP4, Person, Site, running_site
from tests.parts.waiting import until
from tests.parts.wired import shipped

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def scraped(site: Site) -> Samples:
    async with site.inside() as prometheus:
        answer = await prometheus.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(answer.text)
    return {(sample.name, frozenset(sample.labels.items())): sample.value for one in families for sample in one.samples}


async def value(site: Site, name: str, **labels: str) -> float:
    return (await scraped(site)).get((name, frozenset(labels.items())), 0)


async def test_requests_are_counted_by_route_and_status(site: Site, ana: Person):
    video = await ana.uploaded()
    await ana.http.get(f"/videos/{video}/download")
    for path in ("/nothing/here", "/nor/here"):
        await ana.http.get(path)
    counted = await scraped(site)

    def count(method: str, route: str, status: str) -> float:
        labels = {"method": method, "route": route, "status": status}
        return counted[("fiapx_http_requests_total", frozenset(labels.items()))]

    assert count("POST", "/videos/upload", "202") == 1
    assert count("GET", "/videos/{id}/download", "400") == 1
    assert count("GET", "none", "404") == 2
    assert await value(site, "fiapx_http_request_seconds_count", method="POST", route="/videos/upload") == 1
    assert await value(site, "fiapx_errors_total", code="PROCESSING_NOT_FINISHED") == 1


@pytest.mark.slow
async def test_operations_are_counted_by_root_field_and_outcome(site: Site, ana: Person):
    await ana.ask("{ me { id } }")
    await ana.ask("{ mine: me { id } }")
    await ana.ask("{ me { id } serviceLimits { maxFileBytes } }")
    await ana.graphql('{ videos(after: "no cursor") { totalCount } }')
    await ana.ask('{ video(id: "x") { ... on Problem { code } } }')
    total = "fiapx_graphql_operations_total"
    assert await value(site, total, kind="query", field="me", outcome="ok") == 2
    assert await value(site, total, kind="query", field="several", outcome="ok") == 1
    assert await value(site, total, kind="query", field="videos", outcome="error") == 1
    assert await value(site, total, kind="query", field="video", outcome="ok") == 1
    assert await value(site, "fiapx_graphql_operation_seconds_count", kind="query", field="me") == 2
    assert await value(site, "fiapx_errors_total", code="VIDEO_NOT_FOUND") == 1
    assert await value(site, "fiapx_requests_rejected_total", reason="BAD_USER_INPUT") == 1


@pytest.mark.slow
async def test_no_client_can_create_many_series(site: Site, ana: Person):
    for number in range(20):
        await ana.graphql(f"{{ field{number} }}")
        await ana.http.get(f"/path{number}")
        await ana.http.request("PROPFIND", "/videos")
    labels = {text for _, labels in await scraped(site) for _, text in labels}
    assert not [text for text in labels if "field1" in text or "path1" in text or text == "PROPFIND"]


async def test_open_sockets_are_counted_while_they_are_open(site: Site):
    async with connect(site.websocket_url, subprotocols=[Subprotocol("graphql-transport-ws")], proxy=None):
        await until_sockets(site, 1)
    await until_sockets(site, 0)


async def until_sockets(site: Site, count: int) -> None:
    async def counted() -> bool:
        return await value(site, "fiapx_websockets_open") == count

    await until(counted)


async def backlog(site: Site) -> dict[str, float]:
    """Scrape until the backlog is told: a scrape that the database kept waiting has none."""
    found: dict[str, float] = {}

    async def told() -> bool:
        found.update(
            {
                dict(labels)["what"]: value
                for (name, labels), value in (await scraped(site)).items()
                if name == "fiapx_backlog"
            }
        )
        return bool(found)

    await until(told)
    return found


async def test_the_backlog_says_what_waits_and_for_how_long(site: Site, ana: Person):
    await ana.uploaded()
    site.clock.advance(90)
    await site.claimed(await ana.uploaded())
    await site.failed(await ana.uploaded())
    seen = {"videos_pending": 1, "videos_processing": 1, "oldest_pending_seconds": 90, "notifications_due": 1}
    seen |= {"pending_bytes": len(MP4), "videos_paused": 0}
    assert await backlog(site) == seen | {"expired_leases": 0}
    site.clock.advance(16)
    assert await backlog(site) == seen | {"expired_leases": 1, "oldest_pending_seconds": 106}


async def test_what_one_network_sends_too_much_of_is_counted_and_the_scrape_is_not(
    empty_database: Path, tmp_path: Path
):
    async with running_site(empty_database, tmp_path, settings=shipped(requests_per_minute=2)) as site:
        async with site.client() as client:
            for _ in range(5):
                await client.get("/videos")
        assert await value(site, "fiapx_requests_rejected_total", reason="network") == 3


async def test_metrics_hold_nothing_of_a_user(site: Site, ana: Person):
    video = await ana.uploaded(name="secret holiday.mp4")
    await ana.ask("{ me { email } }")
    async with site.inside() as prometheus:
        text = (await prometheus.get("/metrics")).text
    for word in (ana.email, ana.id, ana.token, video, "holiday"):
        assert word not in text


async def test_metrics_have_a_port_of_their_own_with_health_checks_alone(site: Site, ana: Person):
    async with site.inside() as inside:
        for path in ("/livez", "/readyz", "/metrics"):
            assert (await inside.get(path)).status_code == 200
            assert (await inside.get(path)).headers["content-length"] != "0"
        for path in ("/", "/videos", "/graphql"):
            assert (await inside.get(path)).status_code == 404
    assert (await ana.http.get("/metrics")).status_code == 404


async def test_a_page_whose_domain_resolves_to_this_machine_reads_no_metrics(site: Site):
    async with site.inside() as page:
        for host, status in {"rebound.example": 421, "localhost": 200, "127.0.0.1:9": 200}.items():
            assert (await page.get("/metrics", headers={"Host": host})).status_code == status
