"""Who uses the service meanwhile: they upload until it is acknowledged, look on, and try what is another's."""

import asyncio
import random
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from tests.faults.campaign.films import Film, any_of
from tests.faults.campaign.history import History

PASSWORD: Final = "correct horse battery"
_PATIENCE_SECONDS: Final = 30.0
"""How long a client waits for an answer."""
_AGAIN_SECONDS: Final = 0.5
_LOOK_SECONDS: Final = 1.0
_CANCELED_SHARE: Final = 0.03
_DELETED_SHARE: Final = 0.03
_LIST: Final = "{ videos(first: 100) { edges { node { id originalFileName status } } } }"
_ONE: Final = "query($id: ID!) { video(id: $id) { __typename } }"
_STATUS: Final = "query($id: ID!) { video(id: $id) { ... on VideoProcessing { status } } }"
_UNFINISHED: Final = "{ videos(status: [PENDING, PROCESSING]) { totalCount } }"
_CANCEL: Final = "mutation($id: ID!) { cancelVideo(id: $id) { __typename } }"
_DELETE: Final = "mutation($id: ID!) { deleteVideo(id: $id) { __typename } }"


class Session(httpx.Auth):
    """Signs in, and again once that has expired, as a long campaign's people must."""

    requires_response_body = True

    def __init__(self, login: httpx.Request) -> None:
        self._login = login
        self._token = ""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        # REST says by its status that a session has expired, and GraphQL by a code.
        for _ in range(2):
            if self._token:
                request.headers["Authorization"] = f"Bearer {self._token}"
                answer = yield request
                if answer.status_code != httpx.codes.UNAUTHORIZED and b'"UNAUTHENTICATED"' not in answer.content:
                    return
            signed_in = yield self._login
            if signed_in.status_code != httpx.codes.OK:
                return
            self._token = signed_in.json()["access_token"]
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


@dataclass
class Person:
    """One user with an account, and what they know of their videos."""

    name: str
    http: httpx.AsyncClient
    history: History
    videos: list[str] = field(default_factory=list)

    @classmethod
    async def registered(cls, name: str, url: str, history: History) -> "Person":
        """Make an account, and sign in with the first request."""
        http = httpx.AsyncClient(base_url=url, timeout=_PATIENCE_SECONDS, trust_env=False)
        said = {"email": f"{name}@example.com", "password": PASSWORD}
        (await http.post("/auth/register", json={"name": name, **said})).raise_for_status()
        http.auth = Session(http.build_request("POST", "/auth/login", json=said))
        return cls(name, http, history)

    async def upload(self, film: Film, key: str) -> str:
        """Send a film until it is acknowledged, each time with the same key; return the video's id."""
        while True:
            answer = None
            with suppress(httpx.TransportError):
                files = {"file": (f"{key}.mp4", film.path.read_bytes(), "video/mp4")}
                answer = await self.http.post("/videos/upload", files=files, headers={"Idempotency-Key": key})
            if answer is not None and answer.status_code == httpx.codes.ACCEPTED:
                video: str = answer.json()["id"]
                self.history.note("acknowledged", owner=self.name, key=key, film=film.name, video=video)
                self.videos.append(video)
                return video
            await asyncio.sleep(self._again(answer, key))

    def _again(self, answer: httpx.Response | None, key: str) -> float:
        """Take note of a refusal or of silence, and return after how long to try again."""
        if answer is None:
            self.history.note("unanswered", owner=self.name, key=key)
            return _AGAIN_SECONDS
        told = answer.headers.get("retry-after")
        self.history.note("refused", owner=self.name, key=key, status=answer.status_code, retry_after=told)
        return min(float(told), 5.0) if told else _AGAIN_SECONDS

    async def upload_many(self, films: tuple[Film, ...], count: int, pause: float, chance: random.Random) -> None:
        """Upload so many, with a pause after each; cancel some, and delete some."""
        for number in range(count):
            video = await self.upload(any_of(films, chance), f"{self.name}-{number}")
            await asyncio.sleep(pause * chance.uniform(0.5, 1.5))
            fate = chance.random()
            if fate < _CANCELED_SHARE:
                await self._until_done("canceled", _CANCEL, video)
            elif fate < _CANCELED_SHARE + _DELETED_SHARE:
                await self._until_done("deleted", _DELETE, video)

    async def _until_done(self, kind: str, mutation: str, video: str) -> None:
        """Ask until there is an answer; what is gone, or has ended, is as good."""
        # Whatever becomes of the answer, from now on it may be gone.
        self.history.note(kind, owner=self.name, video=video)
        while await self._ask(mutation, id=video) is None:
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _ask(self, query: str, **variables: Any) -> Any:
        """Return the answer's data; None where there is none, or an error of the service's."""
        with suppress(httpx.TransportError):
            answer = await self.http.post("/graphql", json={"query": query, "variables": variables})
            if answer.status_code == httpx.codes.OK and "errors" not in answer.json():
                return answer.json()["data"]
        return None

    async def look(self, others: list["Person"], chance: random.Random) -> None:
        """Look at the own list for ever, and now and then at a video of somebody else."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if (seen := await self._ask(_LIST)) is not None:
                self._see([edge["node"] for edge in seen["videos"]["edges"]])
            theirs = [video for other in others if other is not self for video in other.videos]
            if theirs:
                await self._try_to_read(chance.choice(theirs))

    def _see(self, videos: list[dict[str, Any]]) -> None:
        for one in videos:
            status = one["status"].capitalize()
            self.history.note("seen", reader=self.name, video=one["id"], status=status)
            if not one["originalFileName"].startswith(f"{self.name}-"):
                self.history.note("foreign", reader=self.name, video=one["id"])

    async def _try_to_read(self, video: str) -> None:
        told = await self._ask(_ONE, id=video)
        with suppress(httpx.TransportError):
            got = await self.http.get(f"/videos/{video}/download")
            if got.is_success or got.is_redirect or (told and told["video"]["__typename"] == "VideoProcessing"):
                self.history.note("foreign", reader=self.name, video=video)

    async def has_ended(self, video: str) -> bool:
        """Return whether one of the own videos is known to have ended."""
        told = await self._ask(_STATUS, id=video)
        return told is not None and told["video"].get("status") in {"COMPLETED", "FAILED"}

    async def unfinished(self) -> int | None:
        """Return how many of the own videos have not ended; None where nobody says."""
        told = await self._ask(_UNFINISHED)
        return None if told is None else int(told["videos"]["totalCount"])
