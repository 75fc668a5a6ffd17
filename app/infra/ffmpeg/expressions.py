"""Hands the plan's decisions to ffmpeg as expressions of its own language: numbers only, no text of anybody's.

Both are balanced trees: a chain of terms would be as deep as it is long, and ffmpeg refuses more than a hundred.
"""

from collections.abc import Sequence

from app.domain.columns import Span


def within(variable: str, runs: Sequence[Span]) -> str:
    """Return an expression that is 1 where the variable lies in one of the runs, which rise and do not touch."""
    if not runs:
        return "0"
    if len(runs) == 1:
        first, last = runs[0]
        return f"between({variable},{first},{last})"
    half = len(runs) // 2
    return f"if(lt({variable},{runs[half][0]}),{within(variable, runs[:half])},{within(variable, runs[half:])})"


def keeping(variable: str, runs: Sequence[Span], *, always: str) -> str:
    """Return the bitstream filter that lets packets through that lie in the runs or for which ``always`` is 1."""
    return f"noise=drop='not({always}+{within(variable, runs)})'"


def leaving_out(variable: str, runs: Sequence[Span]) -> str:
    """Return the bitstream filter that lets all packets through but those in the runs."""
    return f"noise=drop='{within(variable, runs)}'"


def selecting(variable: str, runs: Sequence[Span]) -> str:
    """Return the filter that lets only pictures through whose time (``pts``) or number (``n``) lies in the runs."""
    return f"select='{within(variable, runs)}'"
