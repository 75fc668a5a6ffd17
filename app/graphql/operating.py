"""What operators see."""

from datetime import datetime

import strawberry

from app.domain import audit, user
from app.graphql.connection import Connection, Edge, PageInfo
from app.graphql.enums import FailureCode, ProcessingStatus, Role
from app.graphql.scalars import BigInt
from app.graphql.shown import shown
from app.graphql.videos import Failure, Progress
from app.usecases.job_operations import WorkOverview
from app.usecases.paging import Page
from app.usecases.ports import jobs


@strawberry.type(description="A processing as operators see it: whose it is, and no way to what is in it.")
class Job:
    """As ``app.usecases.ports.jobs.Job``."""

    id: strawberry.ID = strawberry.field(description="The processing's id.")
    owner_id: strawberry.ID = strawberry.field(description="Its owner's id.")
    owner_email: str = strawberry.field(description="Its owner's address.")
    original_file_name: str = strawberry.field(description="The name under which it was sent.")
    size_bytes: BigInt = strawberry.field(description="The size of the file that was sent.")
    status: ProcessingStatus = strawberry.field(description="Where it stands.")
    paused: bool = strawberry.field(description="Whether no attempt begins for now, by an operator's word.")
    attempt: int = strawberry.field(description="The number of the last attempt; 0 before the first.")
    lost_attempts: int = strawberry.field(description="How many attempts were lost with their workers.")
    progress: Progress = strawberry.field(description="How far it is.")
    failure: Failure | None = strawberry.field(description="Why it failed; null unless it is FAILED.")
    created_at: datetime = strawberry.field(description="When it was received.")
    started_at: datetime | None = strawberry.field(description="When its first attempt began.")
    completed_at: datetime | None = strawberry.field(description="When it ended, well or badly.")

    @classmethod
    def of(cls, found: jobs.Job) -> "Job":
        lease = found.lease
        around = {"paused": lease.paused, "lost_attempts": lease.lost_attempts}
        return shown(cls, found.video, owner_id=found.video.owner, owner_email=found.owner_email, **around)


@strawberry.type(description="A processing in its place in the list.")
class JobEdge(Edge[Job]):
    """One line of a page."""

    node: Job = strawberry.field(description="The processing.")


@strawberry.type(description="A page of processings.")
class JobConnection(Connection[JobEdge]):
    """One page."""

    edges: list[JobEdge] = strawberry.field(description="The processings of this page.")

    @classmethod
    def of(cls, page: Page[jobs.Job]) -> "JobConnection":
        return cls(edges=JobEdge.each(page, Job.of), page_info=PageInfo.of(page))


@strawberry.type(description="How many failed with one code.")
class FailureCount:
    """A code and a number."""

    code: FailureCode = strawberry.field(description="For programs.")
    count: int = strawberry.field(description="How many.")


@strawberry.type(description="A worker for videos that is there now.")
class Worker:
    """As ``app.usecases.ports.queue.WorkerSeen``."""

    name: str = strawberry.field(description="Its machine and process.")
    slots: int = strawberry.field(description="How many videos it takes at once.")
    running: int = strawberry.field(description="How many it has.")


@strawberry.type(description="How the work stands.")
class Overview:
    """As ``app.usecases.job_operations.WorkOverview``."""

    pending: int = strawberry.field(description="How many wait, those that a pause keeps waiting left out.")
    pending_bytes: BigInt = strawberry.field(description="How large the files of those are.")
    processing: int = strawberry.field(description="How many are being processed.")
    expired_leases: int = strawberry.field(description="How many of those no worker holds any more.")
    oldest_pending: datetime | None = strawberry.field(description="When the one that waits longest was received.")
    paused: int = strawberry.field(description="How many wait by an operator's word.")
    all_paused: bool = strawberry.field(description="Whether all users' videos are paused.")
    paused_users: list[strawberry.ID] = strawberry.field(description="The users whose own videos are paused.")
    failures: list[FailureCount] = strawberry.field(description="What failed since then, by code.")
    workers: list[Worker] | None = strawberry.field(description="The workers; null where the queue is away.")

    @classmethod
    def of(cls, found: WorkOverview) -> "Overview":
        owners = [pause.owner for pause in found.pauses]
        counts = sorted(found.failures.items(), key=lambda pair: (-pair[1], pair[0]))
        return shown(
            cls,
            found.backlog,
            paused=found.paused,
            all_paused=None in owners,
            paused_users=[owner for owner in owners if owner is not None],
            failures=[FailureCount(code=code, count=count) for code, count in counts],
            workers=found.workers,
        )


@strawberry.type(description="An account as operators see it.")
class Account:
    """As ``app.domain.user.User``."""

    id: strawberry.ID = strawberry.field(description="The user's id.")
    name: str = strawberry.field(description="How the user is addressed.")
    email: str = strawberry.field(description="The user's address.")
    role: Role = strawberry.field(description="What the user may do here.")
    created_at: datetime = strawberry.field(description="When the account was made.")
    disabled_at: datetime | None = strawberry.field(description="Since when nobody gets in; null where one does.")
    max_active_videos: int | None = strawberry.field(
        description="How many unfinished videos the user may have; null for what is set for all."
    )
    max_stored_bytes: BigInt | None = strawberry.field(
        description="How much the user may keep; null for what is set for all."
    )

    @classmethod
    def of(cls, found: user.User) -> "Account":
        return shown(cls, found)


@strawberry.type(description="An account in its place in the list.")
class AccountEdge(Edge[Account]):
    """One line of a page."""

    node: Account = strawberry.field(description="The account.")


@strawberry.type(description="A page of accounts, newest first.")
class AccountConnection(Connection[AccountEdge]):
    """One page."""

    edges: list[AccountEdge] = strawberry.field(description="The accounts of this page.")

    @classmethod
    def of(cls, page: Page[user.User]) -> "AccountConnection":
        return cls(edges=AccountEdge.each(page, Account.of), page_info=PageInfo.of(page))


@strawberry.type(description="Something that an operator did, or was refused.")
class AuditEntry:
    """As ``app.domain.audit.AuditEntry``."""

    id: strawberry.ID = strawberry.field(description="The entry's id.")
    created_at: datetime = strawberry.field(description="When.")
    operator: str = strawberry.field(description="Who: a user's id, or login@host of a shell.")
    deed: str = strawberry.field(description="What, such as retry or disable.")
    target_kind: str = strawberry.field(description="To what: video, user or service.")
    target_id: strawberry.ID | None = strawberry.field(description="To which.")
    outcome: str = strawberry.field(description="done, or the code of the error.")
    reason: str | None = strawberry.field(description="Why, in the operator's words.")

    @classmethod
    def of(cls, found: audit.AuditEntry) -> "AuditEntry":
        return shown(cls, found)


@strawberry.type(description="An entry in its place in the log.")
class AuditEdge(Edge[AuditEntry]):
    """One line of a page."""

    node: AuditEntry = strawberry.field(description="The entry.")


@strawberry.type(description="A page of the audit log, newest first.")
class AuditConnection(Connection[AuditEdge]):
    """One page."""

    edges: list[AuditEdge] = strawberry.field(description="The entries of this page.")

    @classmethod
    def of(cls, page: Page[audit.AuditEntry]) -> "AuditConnection":
        return cls(edges=AuditEdge.each(page, AuditEntry.of), page_info=PageInfo.of(page))
