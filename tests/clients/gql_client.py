"""gql 4: HTTP with uploads by httpx, subscriptions by websockets, in a session that reconnects."""

import asyncio
import json
import sys
from io import BytesIO

from gql import Client, FileVar, gql
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport

NOBODYS = "query($id: ID!) { video(id: $id) { __typename ... on Problem { code } } }"
UPLOAD = "mutation($file: Upload!) { uploadVideo(file: $file) { ... on VideoProcessing { id status } } }"
STATUS = "subscription($id: ID!) { videoStatus(id: $id) { ... on VideoProcessing { status } } }"
MP4 = b"\x00\x00\x00\x20ftypisom" + bytes(4096)


def say(step: str, **fields: object) -> None:
    sys.stdout.write(json.dumps({"step": step, **fields}) + "\n")
    sys.stdout.flush()


async def by_http(url: str, authorization: str) -> str:
    transport = HTTPXAsyncTransport(url=url, headers={"Authorization": authorization})
    async with Client(transport=transport) as session:
        say("query", **(await session.execute(gql("{ me { name } }")))["me"])
        unknown = {"id": "00000000-0000-4000-8000-000000000000"}
        nobodys = gql(NOBODYS)
        nobodys.variable_values = unknown
        say("problem", code=(await session.execute(nobodys))["video"]["code"])
        try:
            await session.execute(gql("{ videos(first: 1000) { totalCount } }"))
        except TransportQueryError as error:
            assert error.errors is not None
            say("error", code=error.errors[0]["extensions"]["code"])
        upload = gql(UPLOAD)
        upload.variable_values = {"file": FileVar(BytesIO(MP4), filename="férias.mp4", content_type="video/mp4")}
        uploaded = (await session.execute(upload, upload_files=True))["uploadVideo"]
        say("upload", **uploaded)
        return str(uploaded["id"])


async def watch(url: str, authorization: str, video: str) -> None:
    """Subscribe, and again whenever the connection was lost, until the processing has ended."""
    transport = WebsocketsTransport(
        url=url.replace("http", "ws", 1),
        init_payload={"authorization": authorization},
        subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
    )
    client = Client(transport=transport)
    session = await client.connect_async(reconnecting=True, retry_connect=False)  # type: ignore[no-untyped-call] # gql's gap
    status = gql(STATUS)
    status.variable_values = {"id": video}
    seen = ""
    while seen != "COMPLETED":
        try:
            async for event in session.subscribe(status):
                seen = event["videoStatus"]["status"]
                say("event", status=seen)
        except Exception as lost:  # noqa: BLE001 - whatever it was, gql connects again and so do we
            sys.stderr.write(f"lost: {lost!r}\n")
            await asyncio.sleep(0.1)
    say("complete")
    await client.close_async()  # type: ignore[no-untyped-call] # gql's gap


async def main(url: str, token: str) -> None:
    authorization = f"Bearer {token}"
    await watch(url, authorization, await by_http(url, authorization))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
