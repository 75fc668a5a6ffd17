"""The life of processings, against a model of it: whatever happens in whatever order, the record says what it should.

The machine lets two users upload, cancel, delete and process again, an operator pause and take leases, and any number
of workers claim, send heartbeats, release, complete and fail, the dead and the late among them, while answers of the
database are lost and the clock is set forward and back. The model is what is promised of the life of a processing, in
plain Python; the record is the real one.
"""

import asyncio
import itertools
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)
from sqlalchemy import delete

from app.domain.errors import DomainError, ProcessingAlreadyFinished, ProcessingNotFinished, VideoNotBelongsToUser
from app.domain.failure import Failure, FailureCode
from app.domain.session import Viewer
from app.domain.video import NEXT, ProcessingStatus, VideoId, VideoProcessing
from app.infra.sql.engine import close_engine, engine_for
from app.infra.sql.tables import removals, users
from app.infra.sql.transactions import SqlTransactions
from app.usecases.paging import Slice
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.release_processing import retry_delay
from app.usecases.start_video_processing_job import Claimed, GivenUp, HeldUntil
from tests.contracts.life_operators import pause_or_resume, take
from tests.usecases.world import LEASE, World

T = TypeVar("T")
PENDING, PROCESSING, COMPLETED, FAILED = ProcessingStatus
LOST_ATTEMPTS = 3
DAMAGED = Failure(FailureCode.CORRUPT_VIDEO, FailureCode.CORRUPT_VIDEO.reason)
DAY_SECONDS = 86_400
MOST_AT_ONCE = 4
ACTS = [
    *("upload", "a worker comes", "a worker comes", "a worker comes", "a worker comes"),
    *("heartbeat", "heartbeat", "shutdown", "fault", "completed", "completed", "failed"),
    *("cancel", "delete", "reprocess", "sweep", "tidy", "time passes", "pause or resume", "take"),
]
"""What may happen, each as often as it stands here."""


@dataclass
class Life:
    """What is promised of one processing."""

    owner: int
    wake_at: datetime
    source: str
    status: ProcessingStatus = PENDING
    attempt: int = 0
    released: bool = False
    lost: int = 0
    transient: int = 0
    failure: FailureCode | None = None
    version: int = 0

    def held_by(self, attempt: int) -> bool:
        return self.status is PROCESSING and self.attempt == attempt

    def fail(self, code: FailureCode) -> None:
        self.status, self.failure = FAILED, code


@dataclass
class Database:
    """Where a machine's record is."""

    url: str
    empty: Path | None = None
    """A file to begin with, of an embedded one."""
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp()))

    def fresh(self) -> str:
        if self.empty is None:
            return self.url
        return f"sqlite+aiosqlite:///{shutil.copy(self.empty, self.folder / 'record.db')}"


def _one_of(things: Sequence[T], which: int) -> T:
    """Return the last, the last but one and so on: of few things much befalls each."""
    return things[-1 - which % len(things)]


class LifeOfProcessings(RuleBasedStateMachine):
    """Everything that can happen to a processing, in any order."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.engine = engine_for(self.database.fresh())
        self.world = World.on(SqlTransactions(self.engine))
        self.world.max_active = 100
        self.lives: dict[VideoId, Life] = {}
        self.viewers: list[Viewer] = []
        self.paused: set[int] = set()
        self.videos: list[VideoId] = []
        """Every one that there ever was, deleted ones too."""
        self.holders: list[VideoProcessing] = []
        """Who ever held a lease and may think to hold it still."""

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(work)

    @initialize()
    def two_users(self) -> None:
        if self.database.empty is None:
            self.run(self._empty())
        self.viewers = [self.run(self.world.user()) for _ in range(2)]

    async def _empty(self) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(delete(users))
            await connection.execute(delete(removals))

    # One rule: of several, half are left out of each example, and few lives would have all that makes them hard.
    @rule(
        act=st.sampled_from(ACTS),
        which=st.integers(0, 3),
        by=st.integers(0, 1),
        lost=st.sampled_from([None, None, "committed", "rolled back"]),
        seconds=st.sampled_from([1, 4, 16, 61, 3700, -1, -600]),
    )
    def something_happens(self, act: str, which: int, by: int, lost: str | None, seconds: int) -> None:
        """Let somebody do something with one of the last videos, or of the last that held one; or let time pass."""
        if act in _OF_A_HOLDER:
            if self.holders:
                self._let_a_holder(act, which, lost)
        elif act in _OF_A_VIDEO:
            if self.videos:
                _OF_A_VIDEO[act](self, _one_of(self.videos, which), by)
        elif act == "upload":
            self._upload(by, lost)
        elif act == "sweep":
            self.run(self.world.sweep())
        elif act == "tidy":
            self._tidy()
        else:
            self.world.clock.advance(seconds)

    def _let_a_holder(self, act: str, which: int, lost: str | None) -> None:
        """Let who holds a lease, or only thinks so, go on, give it back or end it."""
        now = [held for held in self.holders if held.id in self.lives and self.lives[held.id].held_by(held.attempt)]
        held = _one_of(now if which % 2 and now else self.holders, which)
        if act == "heartbeat":
            self._heartbeat(held)
        elif act in {"shutdown", "fault"}:
            self._release(held, shutdown=act == "shutdown")
        else:
            self._end(held, act, lost)

    def _claim_any(self, video: VideoId, late: int) -> None:
        """Let a worker come by, now or when whoever holds it has been silent for too long."""
        self.world.clock.advance(16 * late)
        open_ones = [one for one, life in self.lives.items() if not life.status.final]
        self._claim(open_ones[-1] if late and open_ones else video)

    def _upload(self, owner: int, lost: str | None) -> None:
        if len(self.lives) >= MOST_AT_ONCE:
            return
        before = set(self.lives)
        if lost:
            self.world.transactions.lose(lost)
        try:
            accepted = self.run(self.world.uploaded(self.viewers[owner]))
        except DatabaseUnavailable:
            assert lost
            for row in self._rows(owner):  # It may have been accepted though nobody was told so.
                if row.id not in before:
                    self._born(owner, row)
            return
        self._born(owner, accepted)

    def _born(self, owner: int, row: VideoProcessing) -> None:
        self.videos.append(row.id)
        self.lives[row.id] = Life(owner, row.created_at, row.source_key)

    def _tidy(self) -> None:
        self.run(self.world.remove_objects())
        self.run(self.world.collect_garbage())

    def _claim(self, video: VideoId) -> VideoProcessing | None:
        life, now = self.lives.get(video), self.world.clock.now()
        started = self.run(self.world.start(video))
        if life is None or life.status.final or life.owner in self.paused:
            assert started is None
        elif life.status is PROCESSING and life.wake_at >= now:
            assert isinstance(started, HeldUntil)
        else:
            lost = life.lost + (life.status is PROCESSING and not life.released)
            if lost >= LOST_ATTEMPTS:
                assert isinstance(started, GivenUp)
                life.fail(FailureCode.WORKER_LOST)
                return None
            assert isinstance(started, Claimed)
            life.status, life.attempt, life.released = PROCESSING, life.attempt + 1, False
            life.lost, life.wake_at = lost, now + LEASE
            assert (started.video.attempt, started.transient_failures) == (life.attempt, life.transient)
            self.holders.append(started.video)
            return started.video
        return None

    def _heartbeat(self, held: VideoProcessing) -> None:
        life, until = self.lives.get(held.id), self.world.clock.now() + LEASE
        extended = self.run(
            self.world.transactions.write(
                lambda t: t.videos.heartbeat(held.id, held.attempt, until=until, progress=held.progress, media=None)
            )
        )
        assert extended == (life is not None and life.held_by(held.attempt) and not life.released)
        if life is not None and extended:
            life.wake_at = until

    def _release(self, held: VideoProcessing, *, shutdown: bool) -> None:
        life, now = self.lives.get(held.id), self.world.clock.now()
        faults = life.transient if life else 0
        how = self.world.release.when_cancelled if shutdown else self.world.release.after_fault
        given = self.run(how(held, faults))
        assert given == (life is not None and life.held_by(held.attempt) and not life.released)
        if life is not None and given:
            life.released = True
            life.wake_at = now if shutdown else now + retry_delay(faults)
            life.transient = faults if shutdown else faults + 1

    def _end(self, held: VideoProcessing, end: str, lost: str | None = None) -> None:
        life = self.lives.get(held.id)
        ours = life is not None and life.held_by(held.attempt)
        wanted = COMPLETED if end == "completed" else FAILED
        already = life is not None and (life.status, life.attempt) == (wanted, held.attempt)
        already = already and life is not None and life.failure in {None, DAMAGED.code}
        if lost:
            self.world.transactions.lose(lost)
        try:
            ended = self.run(self.world.ended(held, end))
        except DatabaseUnavailable:
            assert ours
            assert lost == "rolled back"
            return
        assert ended == (already or ours)
        if life is not None and ours:
            assert lost != "rolled back"
            if wanted is COMPLETED:
                life.status = COMPLETED
            else:
                life.fail(DAMAGED.code)

    def _cancel(self, video: VideoId, by: int) -> None:
        life = self.lives.get(video)
        try:
            self.run(self.world.videos.cancel(self.viewers[by], video))
        except DomainError as refused:
            assert life is None or life.owner != by or life.status.final
            if life is not None:
                assert type(refused) is (VideoNotBelongsToUser if life.owner != by else ProcessingAlreadyFinished)
        else:
            assert life is not None
            assert life.owner == by
            assert not life.status.final
            life.fail(FailureCode.CANCELED)

    def _delete(self, video: VideoId, by: int) -> None:
        life = self.lives.get(video)
        try:
            self.run(self.world.videos.delete(self.viewers[by], video))
        except DomainError:
            assert life is None or life.owner != by
        else:
            assert life is not None
            assert life.owner == by
            del self.lives[video]

    def _reprocess(self, video: VideoId, by: int) -> None:
        if len(self.lives) >= MOST_AT_ONCE:
            return
        life = self.lives.get(video)
        try:
            again = self.run(self.world.videos.reprocess(self.viewers[by], video, None))
        except DomainError as refused:
            assert life is None or life.owner != by or not life.status.final
            if life is not None and life.owner == by:
                assert isinstance(refused, ProcessingNotFinished)
            return
        assert life is not None
        assert life.owner == by
        assert life.status.final
        self._born(by, again)

    @invariant()
    def the_record_says_what_it_should(self) -> None:
        for owner in range(len(self.viewers)):
            rows = {row.id: row for row in self._rows(owner)}
            assert set(rows) == {video for video, life in self.lives.items() if life.owner == owner}
            for video, row in rows.items():
                life = self.lives[video]
                code = row.failure.code if row.failure else None
                assert (row.status, row.attempt, code) == (life.status, life.attempt, life.failure)
                assert (row.archive is not None) == (row.status is COMPLETED)
                assert row.version >= life.version
                life.version = row.version

    @invariant()
    def what_is_promised_is_stored(self) -> None:
        for video, life in self.lives.items():
            assert life.source in self.world.storage.objects
            row = self.run(self.world.row(video))
            assert row.archive is None or row.archive.key in self.world.storage.objects

    @invariant()
    def no_unfinished_one_is_ever_out_of_sight_but_while_it_is_paused(self) -> None:
        one_day = self.world.clock.now() + timedelta(days=400)
        due = self.run(self.world.transactions.read(lambda t: t.videos.due(one_day, 1000)))
        waiting = {video: life.owner for video, life in self.lives.items() if not life.status.final}
        assert {found.id for found in due} == {video for video, owner in waiting.items() if owner not in self.paused}

    def teardown(self) -> None:
        try:
            self._end_of_everything()
        finally:
            self.run(close_engine(self.engine))
            self.loop.close()

    def _end_of_everything(self) -> None:
        """Let every processing end; then the log, the mails and the bucket must be what they should be."""
        for owner in list(self.paused):
            pause_or_resume(self, self.videos[0], owner)
        while open_ones := [video for video, life in self.lives.items() if not life.status.final]:
            self.world.clock.advance(400)
            self.world.queue.videos.clear()
            self.run(self.world.sweep())
            assert set(self.world.queue.videos) <= set(open_ones)
            for video in self.world.queue.videos:
                held = self._claim(video)
                if held is not None:
                    self._end(held, "completed")
        self.world.clock.advance(3 * DAY_SECONDS)
        for _ in range(3):
            self._tidy()
            self.world.clock.advance(2 * DAY_SECONDS)
        kept = {life.source for life in self.lives.values()}
        for video, life in self.lives.items():
            archive = self.run(self.world.row(video)).archive
            kept |= {archive.key} if archive else set()
            self._check_log(video, life)
        assert set(self.world.storage.objects) == kept
        for owner in range(len(self.viewers)):
            self._check_mails(owner)

    def _check_log(self, video: VideoId, life: Life) -> None:
        log = self.run(self.world.transactions.read(lambda t: t.events.history([video])))[video]
        states = [change.status for change in log]
        assert states[0] is PENDING
        assert states[-1] is life.status
        assert all(later in NEXT[earlier] for earlier, later in itertools.pairwise(states))
        assert [change.attempt for change in log if change.status is PROCESSING] == list(range(1, life.attempt + 1))

    def _check_mails(self, owner: int) -> None:
        viewer = self.viewers[owner]
        mails = self.run(self.world.transactions.read(lambda t: t.notifications.page(viewer.id, Slice(1000))))
        about = Counter(mail.video for mail in mails if mail.video in self.lives)
        failed = (video for video, life in self.lives.items() if life.owner == owner and life.status is FAILED)
        assert about == Counter(video for video in failed if self.lives[video].failure is not FailureCode.CANCELED)

    def _rows(self, owner: int) -> list[VideoProcessing]:
        viewer = self.viewers[owner]
        every = list(ProcessingStatus)
        return list(self.run(self.world.transactions.read(lambda t: t.videos.page(viewer.id, every, Slice(1000)))))


_OF_A_HOLDER = {"heartbeat", "shutdown", "fault", "completed", "failed"}
_OF_A_VIDEO: Mapping[str, Callable[[LifeOfProcessings, VideoId, int], None]] = {
    "a worker comes": LifeOfProcessings._claim_any,
    "cancel": LifeOfProcessings._cancel,
    "delete": LifeOfProcessings._delete,
    "reprocess": LifeOfProcessings._reprocess,
    "pause or resume": pause_or_resume,
    "take": take,
}
