"""What operators do, and that it is written down."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar, final
from uuid import uuid4

from app.domain.audit import DONE, AuditEntry, Deed, Operator, Target, checked_reason
from app.domain.errors import DomainError, NotAnOperator
from app.domain.user import Role
from app.usecases.paging import ANY, Page, Wanted, paged
from app.usecases.ports.audit import AuditFilter
from app.usecases.ports.clock import Clock
from app.usecases.ports.transactions import Transaction, Transactions

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """What a deed's step gives, and the ``details`` that are written down of it."""

    result: T
    details: Mapping[str, object] = field(default_factory=dict)


@final
@dataclass(frozen=True, slots=True)
class AuditedDeeds:
    """Carry out what an operator does, and write it down in the same transaction: neither is ever there alone.

    What is refused is written down, too, with the code of the error.

    :raises NotAnOperator: from all, where a user acts who has not the role
    """

    transactions: Transactions
    clock: Clock

    async def carry_out(
        self,
        operator: Operator,
        deed: Deed,
        target: Target,
        reason: str | None,
        step: Callable[[Transaction, datetime], Awaitable[Done[T]]],
    ) -> T:
        """Run a step in one transaction with its entry; it must bear to be run again."""
        why = checked_reason(reason)

        def entry(at: datetime, outcome: str, details: Mapping[str, object]) -> AuditEntry:
            kind, target_id = target.kind, target.id
            return AuditEntry(str(uuid4()), at, operator.name, deed, kind, target_id, outcome, why, details)

        async def audited(t: Transaction) -> T:
            await must_operate(t, operator)
            now = self.clock.now()
            done = await step(t, now)
            await t.audit.add(entry(now, DONE, done.details))
            return done.result

        try:
            return await self.transactions.write(audited)
        except DomainError as refused:
            told = entry(self.clock.now(), refused.code, {})
            await self.transactions.write(lambda t: t.audit.add(told))
            raise

    async def read(self, operator: Operator, step: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run a step that changes nothing, of which nothing is written down."""

        async def allowed(t: Transaction) -> T:
            await must_operate(t, operator)
            return await step(t)

        return await self.transactions.read(allowed)

    async def list(self, operator: Operator, which: AuditFilter, wanted: Wanted = ANY) -> Page[AuditEntry]:
        """Return a page of what was written down, newest first.

        :raises InvalidInput: for a page size that there is not or a cursor that is not ours
        """
        asked = wanted.slice()
        return await self.read(operator, lambda t: paged(asked, lambda part: t.audit.page(which, part)))


async def must_operate(t: Transaction, operator: Operator) -> None:
    """Raise ``NotAnOperator`` where a user acts who has not the role, or whose account is disabled or gone."""
    if operator.user is not None:
        user = await t.users.by_id(operator.user)
        if user is None or user.role is not Role.OPERATOR or user.disabled_at is not None:
            raise NotAnOperator
