"""What the runs of the decoder over one film have in common."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import final

from app.domain.film import Film
from app.domain.options import ExtractionOptions
from app.infra.ffmpeg.budget import TimeBudget
from app.infra.ffmpeg.child import Child, child
from app.infra.ffmpeg.limits import Limits
from app.infra.ffmpeg.look import Rendering, rendering


@final
@dataclass(frozen=True, slots=True)
class Recipe:
    """All that a run is made of, but for the plan; all its pictures have the same one of the film's looks."""

    program: str
    source: Path
    film: Film
    options: ExtractionOptions
    limits: Limits
    look: int = 0

    @property
    def rendering(self) -> Rendering:
        """How the pictures are made."""
        return rendering(self.film.looks[self.look], self.options, self.limits.settings.max_pixels)

    def run(
        self,
        arguments_of: Callable[[Sequence[int], Sequence[int]], Sequence[str]],
        budget: TimeBudget,
        *,
        outputs: int,
        readable: Sequence[Path],
        inputs: Sequence[bytes] = (),
    ) -> AbstractAsyncContextManager[Child]:
        """Start ffmpeg with these arguments beside the film, see ``child``."""
        return child(
            lambda *pipes: [self.program, *arguments_of(*pipes)],
            outputs=outputs,
            inputs=inputs,
            readable=readable,
            directory=self.source.parent,
            limits=self.limits.of_child(self.limits.settings.extraction_timeout_seconds),
            budget=budget,
        )
