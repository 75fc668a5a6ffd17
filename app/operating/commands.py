"""The commands of operators: ``fiapx jobs``, ``fiapx users`` and ``fiapx audit``.

All that they do is in the use cases; here words become arguments, and results lines.
"""

import asyncio
import os
import pwd
import socket
import sys
from argparse import Namespace
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, TypeVar, final

from app.domain.audit import Operator
from app.domain.errors import DomainError, VideoNotFound
from app.domain.identifiers import is_uuid
from app.domain.user import UserId
from app.domain.video import UNFINISHED, VideoId, parsed_video_id
from app.infra.logs import set_up_logs
from app.operating import shown
from app.operating.composition import compose_operators
from app.settings import VideoSettings
from app.usecases.catalogue import OperatorUseCases
from app.usecases.paging import MAX_PAGE, Listed, Page, Wanted, cursor_of
from app.usecases.ports.audit import AuditFilter
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.jobs import Job, JobFilter

_LOOK_SECONDS: Final = 1.0
_MOST_WATCHED: Final = 500
_DAY: Final = timedelta(days=1)
Entry = TypeVar("Entry", bound=Listed)


def operate(chosen: Namespace, settings: VideoSettings) -> None:
    """Carry out one command; exit with 1 where something was refused, which a sentence says."""
    set_up_logs("error")  # What there is to say is said below.
    with suppress(KeyboardInterrupt, BrokenPipeError):  # Nobody watches any more.
        sys.exit(asyncio.run(_carry_out(chosen, settings)))


async def _carry_out(chosen: Namespace, settings: VideoSettings) -> int:
    try:
        async with compose_operators(settings) as do:
            commands = Commands(do, who_acts(), chosen)
            await commands.run()
            return commands.refused
    except DomainError as refused:
        return _complain(refused.message)
    except DatabaseUnavailable as away:
        return _complain(f"the database cannot be used: {away}")


def _complain(sentence: str) -> int:
    print(f"fiapx: {shown.plain(sentence)}", file=sys.stderr)
    return 1


def who_acts() -> Operator:
    """Return who is at the shell, by the system's word rather than the environment's."""
    try:
        login = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # As in a container whose user has no name.
        login = str(os.getuid())
    return Operator.at_shell(login, socket.gethostname())


@final
@dataclass(slots=True)
class Commands:
    """One command with its arguments; ``refused`` is 1 once one of its deeds was."""

    do: OperatorUseCases
    operator: Operator
    chosen: Namespace
    refused: int = field(default=0, init=False)

    async def run(self) -> None:
        command: Callable[[], Awaitable[None]] = getattr(self, f"{self.chosen.group}_{self.chosen.verb}")
        await command()

    # ------------------------------------------------------------ jobs

    async def jobs_list(self) -> None:
        chosen, now = self.chosen, self.do.audit.clock.now()
        wanted = JobFilter(
            statuses=frozenset(chosen.state),
            owner=await self._owner(),
            code=chosen.code,
            created_before=chosen.older_than and now - chosen.older_than,
            created_since=chosen.newer_than and now - chosen.newer_than,
        )
        found = await self._pages(
            lambda page: self.do.jobs.list(self.operator, wanted, page, oldest_first=chosen.oldest_first)
        )
        self._list(shown.JOB_HEAD, found, lambda job: shown.job_row(job, now), shown.job_document)

    async def jobs_summary(self) -> None:
        since = self.do.audit.clock.now() - _DAY
        self._show(shown.overview_document(await self.do.jobs.overview(self.operator, since)))

    async def jobs_show(self) -> None:
        seen = await self.do.jobs.show(self.operator, parsed_video_id(self.chosen.id))
        if self.chosen.as_json:
            shown.say_json(shown.history_document(seen))
        else:
            shown.say_history(seen)

    async def jobs_retry(self) -> None:
        chosen = self.chosen
        if chosen.code is None:

            async def retry(video: VideoId) -> str:
                return f"processed again as {(await self.do.jobs.retry(self.operator, video, chosen.reason)).id}"

            await self._each(retry)
            return
        since = chosen.since
        if isinstance(since, timedelta):
            since = self.do.audit.clock.now() - since
        count = 0
        async for video, again in self.do.jobs.retry_failed(self.operator, chosen.code, since, chosen.reason):
            shown.say(f"{video}  processed again as {again.id}")
            count += 1
        shown.say(f"{count} processed again.")

    async def jobs_cancel(self) -> None:
        async def cancel(video: VideoId) -> str:
            await self.do.jobs.cancel(self.operator, video, self.chosen.reason)
            return "canceled"

        await self._each(cancel)

    async def jobs_release(self) -> None:
        async def release(video: VideoId) -> str:
            attempt = await self.do.jobs.release(self.operator, video, self.chosen.reason)
            return f"taken from attempt {attempt}; another begins within some seconds"

        await self._each(release)

    async def jobs_pause(self) -> None:
        await self.do.jobs.pause(self.operator, await self._owner(), self.chosen.reason)
        shown.say("Paused: no attempt begins. What runs goes on, and uploads are accepted.")

    async def jobs_resume(self) -> None:
        owner = await self._owner()
        await self.do.jobs.resume(self.operator, owner, self.chosen.reason)
        shown.say("Resumed: what waits begins within some seconds.")
        left = (await self.do.jobs.overview(self.operator, self.do.audit.clock.now())).pauses
        if any(pause.owner in {None, owner} for pause in left):
            shown.say("Another pause, of all videos, still holds.")
        elif owner is None and left:
            shown.say(f"Of {len(left)} users' videos no attempt begins: their own pauses still hold.")

    async def jobs_watch(self) -> None:
        wanted, known = JobFilter(UNFINISHED, owner=await self._owner()), dict[VideoId, tuple[object, ...]]()
        while True:
            unfinished = await self._jobs(wanted)
            ended = [await self._ended(video) for video in known.keys() - {job.video.id for job in unfinished}]
            for job in (*unfinished, *filter(None, ended)):
                state = (job.video.status, job.video.attempt, shown.how_far(job))
                if known.get(job.video.id) != state:
                    shown.say_change(self.do.audit.clock.now(), job)
                known[job.video.id] = state
            known = {job.video.id: known[job.video.id] for job in unfinished}
            await asyncio.sleep(_LOOK_SECONDS)

    async def _jobs(self, wanted: JobFilter) -> Sequence[Job]:
        return await self._pages(lambda page: self.do.jobs.list(self.operator, wanted, page), most=_MOST_WATCHED)

    async def _ended(self, video: VideoId) -> Job | None:
        try:
            return (await self.do.jobs.show(self.operator, video)).job
        except VideoNotFound:  # Its owner deleted it.
            return None

    # ------------------------------------------------------------ users

    async def users_list(self) -> None:
        found = await self._pages(lambda page: self.do.users.list(self.operator, self.chosen.part, page))
        self._list(shown.USER_HEAD, found, shown.user_row, shown.user_document)

    async def users_show(self) -> None:
        user = await self._user(self.chosen.user)
        self._show(shown.user_overview_document(await self.do.users.show(self.operator, user)))

    async def users_quota(self) -> None:
        chosen, user = self.chosen, await self._user(self.chosen.user)
        seen = (await self.do.users.show(self.operator, user)).user
        active = seen.max_active_videos if chosen.active is None else chosen.active
        most = seen.max_stored_bytes if chosen.bytes is None else chosen.bytes
        if chosen.default:
            active = most = None
        changed = await self.do.users.set_quota(self.operator, user, active, most, chosen.reason)
        for what, own in (("unfinished videos", changed.max_active_videos), ("bytes", changed.max_stored_bytes)):
            shown.say(f"{what}: {'as the settings say' if own is None else own}")

    async def users_disable(self) -> None:
        user = await self._user(self.chosen.user)
        await self.do.users.disable(self.operator, user, self.chosen.reason)
        shown.say("Disabled: the sessions have ended, and nobody signs in. What was accepted is done.")

    async def users_enable(self) -> None:
        await self.do.users.enable(self.operator, await self._user(self.chosen.user), self.chosen.reason)
        shown.say("Enabled: one can sign in again.")

    async def users_role(self) -> None:
        chosen, user = self.chosen, await self._user(self.chosen.user)
        changed = await self.do.users.set_role(self.operator, user, chosen.role, chosen.reason)
        shown.say(f"{changed.email} is {'an operator' if changed.role == 'operator' else 'a user'} now.")

    # ------------------------------------------------------------ audit

    async def audit_list(self) -> None:
        chosen, since, about = self.chosen, self.chosen.since, self.chosen.about
        if isinstance(since, timedelta):
            since = self.do.audit.clock.now() - since
        if about is not None and not is_uuid(about):
            about = (await self.do.users.find(self.operator, about)).id
        wanted = AuditFilter(chosen.operator, about, since)
        found = await self._pages(lambda page: self.do.audit.list(self.operator, wanted, page))
        self._list(shown.ENTRY_HEAD, found, shown.entry_row, shown.entry_document)

    # ------------------------------------------------------------ what they share

    async def _user(self, text: str) -> UserId:
        """Return whose address or id this is."""
        return UserId(text) if is_uuid(text) else (await self.do.users.find(self.operator, text)).id

    async def _owner(self) -> UserId | None:
        return None if self.chosen.owner is None else await self._user(self.chosen.owner)

    async def _each(self, deed: Callable[[VideoId], Awaitable[str]]) -> None:
        """Do it to each of the named videos, whatever is refused of the others."""
        for text in self.chosen.ids:
            try:
                shown.say(f"{text}  {await deed(parsed_video_id(text))}")
            except DomainError as refused:
                self.refused = _complain(f"{text}: {refused.message}")

    async def _pages(
        self, read: Callable[[Wanted], Awaitable[Page[Entry]]], most: int | None = None
    ) -> Sequence[Entry]:
        found: list[Entry] = []
        left, after = self.chosen.limit if most is None else most, None
        while left > 0:
            part = await read(Wanted(min(left, MAX_PAGE), after))
            found += part.entries
            left -= len(part.entries)
            if not part.has_next:
                break
            after = cursor_of(part.entries[-1])
        return found

    def _list(
        self,
        head: Sequence[str],
        found: Sequence[Entry],
        row: Callable[[Entry], Sequence[object]],
        document: Callable[[Entry], Mapping[str, Any]],
    ) -> None:
        if self.chosen.as_json:
            shown.say_json([document(one) for one in found])
        else:
            shown.table(head, map(row, found))

    def _show(self, facts: Mapping[str, object]) -> None:
        if self.chosen.as_json:
            shown.say_json(facts)
        else:
            shown.say_facts(facts)
