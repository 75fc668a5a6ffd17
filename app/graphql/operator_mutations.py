"""What operators can do; each is in the audit log, whether it was done or refused."""

from typing import Annotated, Final

import strawberry

from app.domain.user import parsed_user_id
from app.domain.video import parsed_video_id
from app.graphql.context import Info
from app.graphql.declared import mutation
from app.graphql.enums import FailureCode
from app.graphql.results import Done, DoneResult
from app.graphql.scalars import BigInt

_FOR_OPERATORS: Final = "For operators."
_Job = Annotated[strawberry.ID, strawberry.argument(description="The processing's id.")]
_User = Annotated[strawberry.ID, strawberry.argument(description="The user's id.")]
_Reason = Annotated[str | None, strawberry.argument(description="Why, for the audit log.")]


@strawberry.type
class OperatorMutations:
    """A part of ``Mutation``."""

    @mutation(
        once=False,
        description=f"{_FOR_OPERATORS} Process a failed video's file again, as a new processing, whose id is told.",
    )
    async def retry_job(self, info: Info, id: _Job, reason: _Reason = None) -> DoneResult:
        again = await info.context.do.operate.jobs.retry(info.context.operator, parsed_video_id(id), reason)
        return Done(id=strawberry.ID(again.id), count=1)

    @mutation(once=True, description=f"{_FOR_OPERATORS} The same with all that failed with a code.")
    async def retry_failed_jobs(
        self,
        info: Info,
        code: Annotated[FailureCode, strawberry.argument(description="Which.")],
        reason: _Reason = None,
    ) -> DoneResult:
        retried = info.context.do.operate.jobs.retry_failed(info.context.operator, code, reason=reason)
        return Done(id=None, count=len([again async for again in retried]))

    @mutation(once=False, description=f"{_FOR_OPERATORS} Stop a processing that has not ended.")
    async def cancel_job(self, info: Info, id: _Job, reason: _Reason = None) -> DoneResult:
        await info.context.do.operate.jobs.cancel(info.context.operator, parsed_video_id(id), reason)
        return Done(id=id, count=1)

    @mutation(once=False, description=f"{_FOR_OPERATORS} Take a processing from its worker, so that another begins.")
    async def release_job(self, info: Info, id: _Job, reason: _Reason = None) -> DoneResult:
        await info.context.do.operate.jobs.release(info.context.operator, parsed_video_id(id), reason)
        return Done(id=id, count=1)

    @mutation(
        once=False,
        description=f"{_FOR_OPERATORS} Let no attempt begin, or let them begin again: at one user's videos, or at any. "
        "What runs goes on.",
    )
    async def set_paused(
        self,
        info: Info,
        paused: Annotated[bool, strawberry.argument(description="Whether none begins.")],
        user: Annotated[strawberry.ID | None, strawberry.argument(description="Whose; null for all.")] = None,
        reason: _Reason = None,
    ) -> DoneResult:
        jobs, owner = info.context.do.operate.jobs, None if user is None else parsed_user_id(user)
        await (jobs.pause if paused else jobs.resume)(info.context.operator, owner, reason)
        return Done(id=user, count=1)

    @mutation(once=False, description=f"{_FOR_OPERATORS} Let a user have more, or less, than is set for all.")
    async def set_quota(
        self,
        info: Info,
        user: _User,
        max_active_videos: Annotated[
            int | None, strawberry.argument(description="Unfinished videos; null for what is set for all.")
        ] = None,
        max_stored_bytes: Annotated[
            BigInt | None, strawberry.argument(description="Bytes kept; null for what is set for all.")
        ] = None,
        reason: _Reason = None,
    ) -> DoneResult:
        await info.context.do.operate.users.set_quota(
            info.context.operator, parsed_user_id(user), max_active_videos, max_stored_bytes, reason
        )
        return Done(id=user, count=1)

    @mutation(
        once=False,
        description=f"{_FOR_OPERATORS} End a user's sessions and let nobody sign in with the account, or do so again.",
    )
    async def set_disabled(
        self,
        info: Info,
        user: _User,
        disabled: Annotated[bool, strawberry.argument(description="Whether nobody gets in.")],
        reason: _Reason = None,
    ) -> DoneResult:
        users = info.context.do.operate.users
        await (users.disable if disabled else users.enable)(info.context.operator, parsed_user_id(user), reason)
        return Done(id=user, count=1)
