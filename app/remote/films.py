"""Which films are meant by the words of a command, and where their frames go."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from glob import glob, has_magic
from pathlib import Path, PurePosixPath
from typing import Final

from app.remote.failures import FAILED, WRONG_USE, CannotGoOn

_LONGEST_STEM: Final = 100
"""Characters: four bytes each, with what is put behind them, are a name that every disk takes."""


def named(words: Sequence[str]) -> list[Path]:
    """Return the files and folders that are named: shells leave a pattern in quotes, or without a match, as it is."""
    return [path for word in words for path in _named(word)]


def _named(word: str) -> Iterator[Path]:
    if Path(word).exists():
        yield Path(word)
        return
    found = sorted(glob(word, recursive=True))  # noqa: PTH207 - pathlib's takes no absolute pattern
    if not found:
        raise CannotGoOn(f"No file is like {word}." if has_magic(word) else f"There is no file {word}.", WRONG_USE)
    yield from map(Path, found)


def films_of(paths: Sequence[Path], endings: Collection[str], *, recursive: bool) -> list[Path]:
    """Return the files, and of the folders those with one of these endings; each once."""
    films: dict[Path, Path] = {}
    for path in paths:
        inside = sorted(path.rglob("*") if recursive else path.iterdir()) if path.is_dir() else None
        if inside is None:
            films.setdefault(path.resolve(), path)
            continue
        for one in inside:
            hidden = any(part.startswith(".") for part in one.relative_to(path).parts)
            if one.suffix[1:].lower() in endings and one.is_file() and not hidden:
                films.setdefault(one.resolve(), one)
    if not films:
        raise CannotGoOn(f"There is no film in {', '.join(map(str, paths))}.", WRONG_USE)
    return list(films.values())


def result_of(name: str, otherwise: str, what: str = "frames.zip") -> str:
    """Return what the ZIP of a film of this name is called; the name may be anything that somebody typed."""
    base = PurePosixPath(name.replace("\\", "/")).name
    unended = base.rpartition(".")[0] if "." in base else base
    stem = "".join(c for c in unended if c.isprintable()).strip(". ")[:_LONGEST_STEM]
    return f"{stem or otherwise}.{what}"


def refuse_clashes(results: Sequence[Path], *, overwrite: bool, but: Collection[Path] = ()) -> None:
    """Raise where two results would be one, or where one would replace what is there, except these."""
    if not results:
        return
    ((most, times),) = Counter(results).most_common(1)
    if times > 1:
        raise CannotGoOn(f"{times} of the videos would give {most}; take them one by one.", WRONG_USE)
    for result in set(results).difference(but):
        refuse_to_replace(result, overwrite=overwrite, exit_code=WRONG_USE)


def refuse_to_replace(result: Path, *, overwrite: bool, exit_code: int = FAILED) -> None:
    """Raise where something is there already."""
    if result.exists() and not overwrite:
        raise CannotGoOn(f"{result} is there already; --force replaces it.", exit_code)
