"""``fiapx doctor``: says what is wrong with a service, and mends what can be mended beside it."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, Final, final

from redis.exceptions import RedisError

from app.bootstrap import compose_doctor
from app.domain.diagnosis import Finding, FindingCode, Repair, of_clocks, of_schema
from app.domain.errors import StorageError
from app.infra.checks import check, clocks
from app.infra.periodic import until_closed
from app.infra.sql.revisions import unknown_revisions
from app.operating.commands import who_acts
from app.settings import CheckSettings
from app.usecases.examine_service import Extent
from app.usecases.ports.database import DatabaseUnavailable

_PARTS: Final = ("database", "redis", "storage", "mail")
_NEEDED: Final = frozenset({"database", "storage"})
"""Without these, rows and objects cannot be compared."""
_PROGRESS_SECONDS: Final = 0.2
_ERASED: Final = "\r\x1b[K"
"""The beginning of the line again, and all of it gone (ECMA-48, EL)."""


@final
class Report:
    """Writes what is found: a sentence a line for people, or a JSON object a line for programs.

    Meanwhile a terminal shows how much was looked at.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.findings = 0
        self.extent = Extent()
        """How much was looked at; who looks says so here."""
        self._as_json = as_json

    def found(self, finding: Finding) -> None:
        """Write what is wrong."""
        self.findings += 1
        self._line(f"{finding.code}  {finding.sentence}", code=finding.code, sentence=finding.sentence, **finding.about)

    def mended(self, repair: Repair) -> None:
        """Write what was done about it."""
        told = {"repair": repair.kind, "sentence": repair.sentence, "count": repair.count, "fault": repair.fault}
        self._line(f"--fix  {repair.sentence}", **told)

    def end(self) -> None:
        """Write for people how much was looked at, and found."""
        if not self._as_json:
            self._print(f"{self._looked_at()}: {self._count() if self.findings else 'nothing is wrong'}.")

    async def progress(self) -> None:
        """Show how far the walk is, where somebody watches, until cancelled."""
        while sys.stderr.isatty():
            sys.stderr.write(f"{_ERASED}{self._looked_at()}, {self._count()} so far")
            sys.stderr.flush()
            await asyncio.sleep(_PROGRESS_SECONDS)

    def _count(self) -> str:
        return f"{self.findings} finding{'' if self.findings == 1 else 's'}"

    def _looked_at(self) -> str:
        return f"Looked at {self.extent.rows} rows and {self.extent.objects} objects"

    def _line(self, said: str, /, **fields: Any) -> None:
        self._print(json.dumps(fields) if self._as_json else said)

    def _print(self, line: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(_ERASED)
            sys.stderr.flush()
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


async def examine(settings: CheckSettings, report: Report, *, fix: bool) -> None:
    """Look at everything, and with ``fix`` mend what can be mended; the report is told all of it."""
    lacking = [part for part in await check(settings, _PARTS) if not part.works]
    for part in lacking:
        report.found(Finding(FindingCode.PART, part.sentence, {"part": part.part}))
    if _NEEDED.isdisjoint(part.part for part in lacking):
        try:
            await _look(settings, report, fix=fix)
        except (StorageError, DatabaseUnavailable) as fault:
            report.found(Finding(FindingCode.PART, f"A store went away while it was looked at: {fault}."))
    report.end()


async def _look(settings: CheckSettings, report: Report, *, fix: bool) -> None:
    kinds = set()
    async for finding in _around(settings):
        report.found(finding)
    async with compose_doctor(settings) as (examine_service, mend_service):
        report.extent = examine_service.extent
        async with AsyncExitStack() as meanwhile:
            until_closed(meanwhile, report.progress())
            async for finding in examine_service():
                kinds.add(finding.code)
                report.found(finding)
        if fix:
            async for repair in mend_service(who_acts(), kinds):
                report.mended(repair)


async def _around(settings: CheckSettings) -> AsyncIterator[Finding]:
    """Yield what is wrong between the parts."""
    for finding in of_schema([*await unknown_revisions(settings.database_url)]):
        yield finding
    try:
        for finding in of_clocks(await clocks(settings)):
            yield finding
    except (RedisError, OSError):
        return  # Of a Redis that is away, what is wrong has been said.
