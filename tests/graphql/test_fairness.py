"""Who asks the database for much waits behind themselves, and nobody else waits behind them."""

import asyncio

import pytest

from tests.parts.site import Person

OPERATIONS = 50
TEN_QUESTIONS = (
    "query($f: String!) {"
    + " ".join(f"a{n}: uploadRefusal(fileName: $f, sizeBytes: 1) {{ code }}" for n in range(10))
    + "}"
)
LIST = "{ videos { edges { node { id } } } }"


@pytest.mark.slow
async def test_five_hundred_questions_of_one_user_are_not_answered_before_one_of_another(ana: Person, bruno: Person):
    answered = 0

    async def ask() -> None:
        nonlocal answered
        answer = await ana.http.post("/graphql", json={"query": TEN_QUESTIONS, "variables": {"f": "a.mp4"}})
        assert "errors" not in answer.json()
        answered += 1

    asking = [asyncio.create_task(ask()) for _ in range(OPERATIONS)]
    while answered < 1:  # The first has its answer, so the others are at the service.
        await asyncio.sleep(0.001)
    assert (await bruno.http.post("/graphql", json={"query": LIST})).json()["data"] == {"videos": {"edges": []}}
    before = answered
    await asyncio.gather(*asking)
    assert before < OPERATIONS / 2, f"{before} of {OPERATIONS} were answered before the list of another"
