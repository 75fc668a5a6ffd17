"""The API: what people of a campaign ask for, on Starlette and Strawberry as they come."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import uuid4

import jwt
import strawberry
import uvicorn
from arq import create_pool
from passlib.hash import argon2  # type: ignore[import-untyped]  # libpass ships no types.
from sqlalchemy import Select, delete, func, insert, select, text
from sqlalchemy.exc import IntegrityError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from strawberry.asgi import GraphQL

from app.domain.events import EventType
from app.domain.failure import FailureCode
from app.domain.user import Locale
from app.domain.video import ProcessingStatus
from app.infra.sql.tables import users, video_processings
from bench.plain_stack.stores import BUCKET, REDIS, UNFINISHED, database, log, move, storage, videos

SECRET = os.environ["FIAPX_JWT_SECRET"]


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    app.state.database, app.state.storage = database(), storage()
    app.state.redis = await create_pool(REDIS)
    yield
    await app.state.redis.aclose()
    await app.state.database.dispose()


# ------------------------------------------------------------ people


async def register(request: Request) -> Response:
    said, now = await request.json(), datetime.now(UTC)
    row = {
        "name": said["name"],
        "email": said["email"],
        "password_hash": await asyncio.to_thread(argon2.hash, said["password"]),
        "created_at": now,
        "updated_at": now,
        "public_id": str(uuid4()),
        "locale": Locale.EN,
        "email_on_failure": True,
        "email_on_completion": False,
    }
    async with request.app.state.database.begin() as connection:
        await connection.execute(insert(users).values(row))
    return JSONResponse({"id": row["public_id"]}, 201)


async def login(request: Request) -> Response:
    said = await request.json()
    async with request.app.state.database.connect() as connection:
        found = await connection.execute(select(users).where(users.c.email == said["email"]))
        user = found.mappings().one_or_none()
    if user is None or not await asyncio.to_thread(argon2.verify, said["password"], user[users.c.password_hash]):
        raise HTTPException(401)
    token = jwt.encode({"sub": str(user[users.c.id])}, SECRET, "HS256")
    return JSONResponse({"access_token": token, "token_type": "bearer"})


def viewer_of(request: Request) -> int:
    try:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return int(jwt.decode(token, SECRET, ["HS256"])["sub"])
    except jwt.InvalidTokenError:
        raise HTTPException(401) from None


# ------------------------------------------------------------ videos


async def upload(request: Request) -> Response:
    """Store the file, commit the row, enqueue the job."""
    user, key, state = viewer_of(request), request.headers.get("idempotency-key"), request.app.state
    video = await accepted(state, user, key)
    if video is None:
        video = str(uuid4())
        async with request.form() as form:
            file: Any = form["file"]
            await asyncio.to_thread(state.storage.upload_fileobj, file.file, BUCKET, f"sources/{video}")
            row = pending(user, video, file.filename, file.size, key)
        try:
            async with state.database.begin() as connection:
                await connection.execute(insert(video_processings).values(row))
                await log(connection, video, EventType.VIDEO_UPLOADED)
        except IntegrityError:  # The same upload was quicker.
            await asyncio.to_thread(state.storage.delete_object, Bucket=BUCKET, Key=f"sources/{video}")
            video = await accepted(state, user, key)
    await state.redis.enqueue_job("process_video", video, _job_id=video)
    return JSONResponse({"id": video, "status": "Pending"}, 202)


async def accepted(state: Any, user: int, key: str | None) -> str | None:
    """Return the video that this upload made before, if it did."""
    async with state.database.connect() as connection:
        found = select(videos.public_id).where(videos.user_id == user, videos.idempotency_key == key)
        return await connection.scalar(found) if key else None


def pending(user: int, video: str, name: str, size: int, key: str | None) -> dict[str, Any]:
    """Return a new row; what of our table the plain stack has no use for is empty."""
    source = f"sources/{video}"
    return {
        "user_id": user,
        "public_id": video,
        "original_file_name": name,
        "status": ProcessingStatus.PENDING,
        "source_key": source,
        "source_hash": hashlib.sha256(source.encode()).hexdigest(),
        "idempotency_key": key,
        "created_at": datetime.now(UTC),
        "size_bytes": size,
        "options": "{}",
        "request_digest": "",
        "released": False,
        "progress_percent": 0.0,
        **dict.fromkeys(("attempt", "lost_attempts", "transient_failures", "wake_at", "sweeps", "sweep_delay"), 0),
        **dict.fromkeys(("version", "progress_frames_extracted"), 0),
    }


async def download(request: Request) -> Response:
    state = request.app.state
    async with state.database.connect() as connection:
        row = (await connection.execute(own(viewer_of(request), request.path_params["video"]))).mappings().one_or_none()
    if row is None or row[videos.archive_key] is None:
        raise HTTPException(404)
    named = {"Bucket": BUCKET, "Key": row[videos.archive_key]}
    return RedirectResponse(state.storage.generate_presigned_url("get_object", Params=named))


async def readyz(request: Request) -> Response:
    async with request.app.state.database.connect() as connection:
        await connection.execute(text("SELECT 1"))
    return Response()


def own(user: int, video: str | None = None) -> Select[Any]:
    query = select(video_processings).where(videos.user_id == user)
    return query if video is None else query.where(videos.public_id == video)


# ------------------------------------------------------------ GraphQL

strawberry.enum(ProcessingStatus)


@strawberry.type
class VideoProcessing:
    id: strawberry.ID
    original_file_name: str
    status: ProcessingStatus


@strawberry.type
class NotFound:
    message: str = "There is no such video of yours."


@strawberry.type
class Edge:
    node: VideoProcessing


@strawberry.type
class Connection:
    edges: list[Edge]
    total_count: int


VideoResult = Annotated[VideoProcessing | NotFound, strawberry.union("VideoResult")]


def shown(row: Any) -> VideoProcessing:
    return VideoProcessing(
        id=row[videos.public_id], original_file_name=row[videos.original_file_name], status=row[videos.status]
    )


@strawberry.type
class Query:
    @strawberry.field
    async def videos(
        self, info: strawberry.Info, first: int = 20, status: list[ProcessingStatus] | None = None
    ) -> Connection:
        request = info.context["request"]
        query = own(viewer_of(request))
        if status:
            query = query.where(videos.status.in_(status))
        async with request.app.state.database.connect() as connection:
            count = await connection.scalar(select(func.count()).select_from(query.subquery()))
            rows = await connection.execute(query.order_by(videos.id.desc()).limit(first))
            return Connection(edges=[Edge(node=shown(row)) for row in rows.mappings()], total_count=count)

    @strawberry.field
    async def video(self, info: strawberry.Info, id: strawberry.ID) -> VideoResult:  # noqa: A002
        request = info.context["request"]
        async with request.app.state.database.connect() as connection:
            row = (await connection.execute(own(viewer_of(request), id))).mappings().one_or_none()
        return NotFound() if row is None else shown(row)


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def cancel_video(self, info: strawberry.Info, id: strawberry.ID) -> VideoResult:  # noqa: A002
        request = info.context["request"]
        said = {"failure_code": FailureCode.CANCELED, "failure_reason": "Canceled.", "completed_at": datetime.now(UTC)}
        async with request.app.state.database.begin() as connection:
            row = (await connection.execute(own(viewer_of(request), id))).mappings().one_or_none()
            if row is None:
                return NotFound()
            await move(connection, id, EventType.PROCESSING_FAILED, of=UNFINISHED, **said)
            return shown(row)

    @strawberry.mutation
    async def delete_video(self, info: strawberry.Info, id: strawberry.ID) -> VideoResult:  # noqa: A002
        """Delete the row, then the files that it named."""
        request = info.context["request"]
        state = request.app.state
        async with state.database.begin() as connection:
            row = (await connection.execute(own(viewer_of(request), id))).mappings().one_or_none()
            if row is None:
                return NotFound()
            await connection.execute(delete(video_processings).where(videos.public_id == id))
        for key in filter(None, (row[videos.source_key], row[videos.archive_key])):
            await asyncio.to_thread(state.storage.delete_object, Bucket=BUCKET, Key=key)
        return shown(row)


app = Starlette(
    lifespan=lifespan,
    routes=[
        Route("/auth/register", register, methods=["POST"]),
        Route("/auth/login", login, methods=["POST"]),
        Route("/videos/upload", upload, methods=["POST"]),
        Route("/videos/{video}/download", download),
        Route("/readyz", readyz),
        Route("/graphql", GraphQL[None, None](strawberry.Schema(Query, Mutation), allow_queries_via_get=False)),
    ],
)

if __name__ == "__main__":
    uvicorn.run(app, host=os.environ["FIAPX_HOST"], port=int(os.environ["FIAPX_PORT"]), log_level="warning")
