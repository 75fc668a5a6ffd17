"""What operators can ask: of everybody else each of these is refused by what lies behind it."""

from datetime import datetime, timedelta
from typing import Annotated, Final

import strawberry

from app.graphql.connection import PageAfter, PageSize
from app.graphql.context import Info
from app.graphql.enums import FailureCode
from app.graphql.operating import AccountConnection, AuditConnection, JobConnection, Overview
from app.graphql.results import OverviewResult
from app.graphql.videos import Statuses
from app.usecases.paging import MAX_PAGE, PAGE
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

    @strawberry.field(
        description=f"{_FOR_OPERATORS} Everybody's processings, newest first. Keyset pagination; first is 1 to "
        f"{MAX_PAGE}."
    )
    async def jobs(
        self,
        info: Info,
        first: PageSize = PAGE,
        after: PageAfter = None,
        status: Statuses = None,
        code: Annotated[
            FailureCode | None,
            strawberry.argument(description="Only what failed with this code and was not processed again."),
        ] = None,
    ) -> JobConnection:
        wanted = JobFilter(frozenset(status or ()), code=code, last_of_its_file=code is not None)
        page = await info.context.do.operate.jobs.list(
            info.context.operator, wanted, PAGE if first is None else first, after
        )
        return JobConnection.of(page, follows=after is not None)

    @strawberry.field(
        description=f"{_FOR_OPERATORS} All accounts, newest first. Keyset pagination; first is 1 to {MAX_PAGE}."
    )
    async def accounts(
        self,
        info: Info,
        first: PageSize = PAGE,
        after: PageAfter = None,
        email: Annotated[str, strawberry.argument(description="Only those with this in their address.")] = "",
    ) -> AccountConnection:
        page = await info.context.do.operate.users.list(
            info.context.operator, email, PAGE if first is None else first, after
        )
        return AccountConnection.of(page, follows=after is not None)

    @strawberry.field(
        description=f"{_FOR_OPERATORS} What operators did, newest first. Keyset pagination; first is 1 to {MAX_PAGE}."
    )
    async def audit_log(self, info: Info, first: PageSize = PAGE, after: PageAfter = None) -> AuditConnection:
        page = await info.context.do.operate.audit.list(
            info.context.operator, AuditFilter(), PAGE if first is None else first, after
        )
        return AuditConnection.of(page, follows=after is not None)
