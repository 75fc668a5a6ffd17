"""A user sees over the API where they are signed in, and ends one of these sessions."""

import asyncio
from typing import Any

from tests.parts.graphql_socket import socket
from tests.parts.site import PASSWORD, Site

ACCOUNT = {"name": "Ana", "email": "ana@example.com", "password": PASSWORD}
LOGIN = "mutation($input: LoginInput!) { login(input: $input) { ... on Session { accessToken } } }"
LISTED = "{ sessions { id current agent beganAt refreshedAt expiresAt } }"
END = "mutation($id: ID!) { endSession(id: $id) { ... on Deleted { id } ... on Problem { code field } } }"


async def test_a_lost_phone_is_found_by_what_it_calls_itself_and_signed_out_from_afar(site: Site):
    async with site.client(timeout=30) as http:

        async def ask(token: str, query: str, **variables: Any) -> Any:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            body = {"query": query, "variables": variables}
            return (await http.post("/graphql", json=body, headers=headers)).json()["data"]

        assert (await http.post("/auth/register", json=ACCOUNT)).status_code == 201
        signed_in = await http.post("/auth/login", json=ACCOUNT, headers={"User-Agent": "Phone/1.0  (lost)"})
        phone = signed_in.json()["access_token"]
        http.headers["User-Agent"] = "Laptop/2.0"
        site.clock.advance(1)
        who = {"email": ACCOUNT["email"], "password": PASSWORD}
        laptop = (await ask("", LOGIN, input=who))["login"]["accessToken"]
        # Who registered by REST was handed no session, so there is none to wonder about.
        seen = (await ask(laptop, LISTED))["sessions"]
        assert [(one["agent"], one["current"]) for one in seen] == [("Laptop/2.0", True), ("Phone/1.0 (lost)", False)]
        async with socket(site, phone) as lost, socket(site, laptop) as kept:
            assert (await ask(laptop, END, id=seen[1]["id"]))["endSession"] == {"id": seen[1]["id"]}
            async with asyncio.timeout(1.5):
                assert await lost.end() == 4403
            await kept.say({"type": "ping"})
            assert (await kept.hear())["type"] == "pong"
        assert await ask(phone, "{ me { id } }") is None
        assert len((await ask(laptop, LISTED))["sessions"]) == 1
        again = (await ask(laptop, END, id=seen[1]["id"]))["endSession"]
        assert again == {"code": "INVALID_INPUT", "field": ["id"]}
