"""What operators see and do by the API, and that nobody else does."""

from collections.abc import AsyncIterator

import pytest

from app.usecases.ports.queue import WorkerSeen
from tests.graphql.examples import become_operator
from tests.graphql.test_authorisation import GIVEN, OPERATORS, TABLE, outcome
from tests.parts.site import Person, Site

DONE = "{ ... on Done { id count } ... on Problem { code } }"


@pytest.fixture
async def olga(site: Site) -> AsyncIterator[Person]:
    async with site.person() as olga:
        await become_operator(site, olga.id)
        yield olga


@pytest.mark.parametrize("name", sorted(OPERATORS))
async def test_each_field_for_operators_is_given_to_one(site: Site, ana: Person, olga: Person, name: str):
    video = await ana.uploaded()
    await site.failed(video) if name == "Mutation.retryJob" else await site.claimed(video)
    got, _ = await outcome(site, olga, name, TABLE[name], video, ana.id)
    assert got == GIVEN


async def test_an_operator_sees_all_work_and_who_does_it_and_no_way_to_what_is_in_it(
    site: Site, ana: Person, olga: Person
):
    site.queue.fleet[:] = [WorkerSeen("machine-1", 2, 1)]
    failed, running, _ = [await ana.uploaded() for _ in range(3)]
    await site.failed(failed)
    await site.claimed(running)
    seen = await olga.ask(
        """{ overview { ... on Overview { pending processing allPaused failures { code count }
             workers { name slots running } } }
             jobs(status: [FAILED]) { edges { node { id ownerEmail failure { code } } } } }"""
    )
    assert seen["overview"] == {
        "pending": 1,
        "processing": 1,
        "allPaused": False,
        "failures": [{"code": "CORRUPT_VIDEO", "count": 1}],
        "workers": [{"name": "machine-1", "slots": 2, "running": 1}],
    }
    (job,) = [edge["node"] for edge in seen["jobs"]["edges"]]
    assert job == {"id": failed, "ownerEmail": ana.email, "failure": {"code": "CORRUPT_VIDEO"}}
    site.queue.away = True
    assert (await olga.ask("{ overview { ... on Overview { workers { name } } } }"))["overview"] == {"workers": None}


async def test_what_an_operator_does_is_done_and_written_down_with_why(site: Site, ana: Person, olga: Person):
    failed = await ana.uploaded()
    await site.failed(failed)
    retry = f'mutation($id: ID!) {{ retryJob(id: $id, reason: "the decoder was mended") {DONE} }}'
    again = (await olga.ask(retry, id=failed))["retryJob"]
    hers = (await ana.ask("{ videos { edges { node { id } } } }"))["videos"]["edges"]
    assert again["id"] in {edge["node"]["id"] for edge in hers}
    quota = f"mutation($user: ID!) {{ setQuota(user: $user, maxActiveVideos: 3) {DONE} }}"
    assert (await olga.ask(quota, user=ana.id))["setQuota"] == {"id": ana.id, "count": 1}
    disable = f"mutation($user: ID!) {{ setDisabled(user: $user, disabled: true) {DONE} }}"
    assert (await olga.ask(disable, user=ana.id))["setDisabled"]["count"] == 1
    find = "query($email: String!) { accounts(email: $email) { edges { node { maxActiveVideos disabledAt } } } }"
    (account,) = (await olga.ask(find, email=ana.email))["accounts"]["edges"]
    assert account["node"]["maxActiveVideos"] == 3
    assert account["node"]["disabledAt"] is not None
    read = "{ auditLog { edges { node { operator deed targetId outcome reason } } } }"
    log = (await olga.ask(read))["auditLog"]["edges"]
    told = [(one["node"]["deed"], one["node"]["targetId"], one["node"]["outcome"]) for one in log]
    assert sorted(told) == sorted([("retry", failed, "done"), ("quota", ana.id, "done"), ("disable", ana.id, "done")])
    assert {one["node"]["operator"] for one in log} == {olga.id}
    assert "the decoder was mended" in {one["node"]["reason"] for one in log}


@pytest.mark.parametrize("user", ["", "x", "0C0C7A5E-0F6C-4F0C-9A51-7F3A2C1D9E1", "ç" * 36])
async def test_an_id_that_nobody_can_have_is_nobodys(site: Site, olga: Person, user: str):
    disable = f"mutation($user: ID!) {{ setDisabled(user: $user, disabled: true) {DONE} }}"
    assert (await olga.ask(disable, user=user))["setDisabled"] == {"code": "USER_NOT_FOUND"}
