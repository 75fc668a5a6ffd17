"""What operators do to the processings of the model; of what is promised of that, their part."""

from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.audit import Operator
from app.domain.errors import DomainError
from app.domain.video import ProcessingStatus, VideoId

if TYPE_CHECKING:
    from tests.contracts.life_model import LifeOfProcessings

ROOT = Operator.at_shell("root", "here")


def pause_or_resume(model: "LifeOfProcessings", _: VideoId, owner: int) -> None:
    """Let nobody begin one user's videos from now on, or again."""
    jobs = model.world.operate.jobs
    change = jobs.resume if owner in model.paused else jobs.pause
    model.run(change(ROOT, model.viewers[owner].id))
    model.paused ^= {owner}


def take(model: "LifeOfProcessings", video: VideoId, _: int) -> None:
    """Take the lease from whoever holds it, alive or dead."""
    life = model.lives.get(video)
    held = life is not None and life.status is ProcessingStatus.PROCESSING and not life.released
    try:
        model.run(model.world.operate.jobs.release(ROOT, video))
    except DomainError:
        assert not held
        return
    assert held
    assert life is not None
    life.released, life.wake_at = True, model.world.clock.now() + timedelta(seconds=6)
