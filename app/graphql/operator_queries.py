"""What operators can ask: of everybody else each of these is refused by what lies behind it."""

from datetime import datetime, timedelta
from typing import Annotated, Final

import strawberry

from app.graphql.connection import PAGED, After, Before, First, Last
from app.graphql.context import Info
from app.graphql.enums import FailureCode
from app.graphql.operating import AccountConnection, AuditConnection, JobConnection, Overview
from app.graphql.results import OverviewResult
from app.graphql.videos import Statuses
from app.usecases.paging import Wanted
from app.usecases.ports.audit import AuditFilter
from app.usecases.ports.jobs import JobFilter

_FOR_OPERATORS: Final = "For operators."
_DAY: Final = timedelta(days=1)


@strawberry.type
class OperatorQueries:
    """A part of ``Query``."""

    @strawberry.field(description=f"{_FOR_OPERATORS} How the work stands.")
    async def overview(
        self,
        info: Info,
        failed_since: Annotated[
            datetime | None, strawberry.argument(description="Since when failures count; a day ago by default.")
        ] = None,
    ) -> OverviewResult:
        since = failed_since or info.context.services.clock.now() - _DAY
        return Overview.of(await info.context.do.operate.jobs.overview(info.context.operator, since))

    @strawberry.field(description=f"{_FOR_OPERATORS} Everybody's processings, newest first. {PAGED}")
    async def jobs(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        before: Before = None,
        last: Last = None,
        status: Statuses = None,
        code: Annotated[
            FailureCode | None,
            strawberry.argument(description="Only what failed with this code and was not processed again."),
        ] = None,
    ) -> JobConnection:
        which = JobFilter(frozenset(status or ()), code=code, last_of_its_file=code is not None)
        wanted = Wanted(first, after, before, last)
        return JobConnection.of(await info.context.do.operate.jobs.list(info.context.operator, which, wanted))

    @strawberry.field(description=f"{_FOR_OPERATORS} All accounts, newest first. {PAGED}")
    async def accounts(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        before: Before = None,
        last: Last = None,
        email: Annotated[str, strawberry.argument(description="Only those with this in their address.")] = "",
    ) -> AccountConnection:
        wanted = Wanted(first, after, before, last)
        return AccountConnection.of(await info.context.do.operate.users.list(info.context.operator, email, wanted))

    @strawberry.field(description=f"{_FOR_OPERATORS} What operators did, newest first. {PAGED}")
    async def audit_log(
        self, info: Info, first: First = None, after: After = None, before: Before = None, last: Last = None
    ) -> AuditConnection:
        wanted = Wanted(first, after, before, last)
        return AuditConnection.of(
            await info.context.do.operate.audit.list(info.context.operator, AuditFilter(), wanted)
        )
