"""A user of the service, over the network, by public clients only."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self

import httpx
from gql import Client, gql
from gql.transport.websockets import WebsocketsTransport

from tests.parts.loopback import CERTIFICATES

VIDEO = """
  id originalFileName status version sizeBytes completedAt
  progress { percent framesExtracted framesExpected }
  failure { code reason retryable }
  media { width height codec durationSeconds framesPerSecond }
  result { frameCount sizeBytes downloadUrl contactSheetUrl expiresAt }
  history { status attempt at }
"""


class Person:
    """Somebody with an account."""

    def __init__(self, url: str, email: str, password: str = "correct horse battery") -> None:
        self.email, self.password, self.token, self.url = email, password, "", url
        self.http = httpx.AsyncClient(base_url=url, timeout=60, verify=CERTIFICATES)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def ask(self, query: str, **variables: Any) -> Any:
        answer = await self.http.post("/graphql", json={"query": query, "variables": variables}, headers=self._auth())
        body = answer.json()
        assert "errors" not in body, body
        return body["data"]

    async def register(self) -> Any:
        result = await self.ask(
            """mutation($input: RegisterInput!) { register(input: $input) {
                 ... on Session { accessToken tokenType user { id email } } ... on Problem { code message } } }""",
            input={"name": "Ana Souza", "email": self.email, "password": self.password},
        )
        self.token = result["register"].get("accessToken", "")
        return result["register"]

    async def login(self) -> Any:
        result = await self.ask(
            """mutation($input: LoginInput!) { login(input: $input) {
                 ... on Session { accessToken } ... on Problem { code message } } }""",
            input={"email": self.email, "password": self.password},
        )
        self.token = result["login"].get("accessToken", self.token)
        return result["login"]

    async def upload(
        self, path: Path, name: str | None = None, options: dict[str, Any] | None = None, key: str | None = None
    ) -> Any:
        operations = {
            "query": f"""mutation($file: Upload!, $options: ExtractionOptionsInput, $key: String) {{
                uploadVideo(file: $file, options: $options, idempotencyKey: $key) {{
                  ... on VideoProcessing {{ {VIDEO} }} ... on Problem {{ code message field }} }} }}""",
            "variables": {"file": None, "options": options, "key": key},
        }
        with path.open("rb") as file:
            answer = await self.http.post(
                "/graphql",
                data={"operations": json.dumps(operations), "map": json.dumps({"0": ["variables.file"]})},
                files={"0": (name or path.name, file, "video/mp4")},
                headers=self._auth(),
            )
        body = answer.json()
        assert "errors" not in body, body
        return body["data"]["uploadVideo"]

    async def videos(self, first: int = 100) -> Any:
        result = await self.ask(
            f"query($first: Int!) {{ videos(first: $first) {{ totalCount edges {{ node {{{VIDEO}}} }} }} }}",
            first=first,
        )
        return result["videos"]

    async def video(self, video: str) -> Any:
        result = await self.ask(
            f"""query($id: ID!) {{ video(id: $id) {{
                  ... on VideoProcessing {{ {VIDEO} }} ... on Problem {{ code }} }} }}""",
            id=video,
        )
        return result["video"]

    async def watch(self, video: str | None = None) -> AsyncIterator[Any]:
        transport = WebsocketsTransport(
            url=self.url.replace("http", "ws", 1) + "/graphql",
            subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
            init_payload={"authorization": f"Bearer {self.token}"},
        )
        document = gql(
            f"""subscription($id: ID) {{ videoStatus(id: $id) {{
                  __typename ... on VideoProcessing {{ {VIDEO} }}
                  ... on Deleted {{ id }} ... on Problem {{ code message }} }} }}"""
        )
        document.variable_values = {"id": video}
        async with Client(transport=transport, fetch_schema_from_transport=False) as session:
            async for event in session.subscribe(document):
                yield event["videoStatus"]

    async def until_final(self, video: str) -> Any:
        """Watch until the subscription ends; give the last state."""
        return [event async for event in self.watch(video)][-1]

    async def download(self, url: str, to: Path) -> Path:
        """Fetch a link as a browser would: it authorises itself."""
        async with self.http.stream("GET", url) as answer:
            assert answer.status_code == 200, answer.status_code
            with to.open("wb") as file:
                async for chunk in answer.aiter_bytes():
                    file.write(chunk)
        return to

    def _auth(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}
