"""What may be asked of ``fiapx frames``, and how its words are read.

Its options are those of the API's ``uploadVideo``, under the API's names; each has the default and the bounds that it
has there, since both make the same ``ExtractionOptions``.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import Any, Final, NoReturn, final

from app.domain.errors import InvalidInput
from app.domain.options import Aspect, Crop, ExtractionOptions, FrameSelection, ImageFormat, SelectionKind
from app.infra.files import may_be_replaced
from app.option_words import OTHERS, SELECTIONS, Word, option_of

WRONG_USE: Final = 2
_PROGRAM: Final = "fiapx frames"
_EXIT_CODES: Final = (
    "Ends with 0 where all films gave their frames, 1 where one failed, 2 where what was asked makes no sense, 3 where "
    "something is missing on this machine, and 128 and the signal's number where it was ended (130 by Ctrl-C)."
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A film, and where its frames go: into a ZIP, or into a folder."""

    film: Path
    result: Path
    unpacked: bool


@dataclass(frozen=True, slots=True)
class Request:
    """All that was asked for. ``quiet`` is to tell of failures alone, ``as_json`` to tell programs."""

    wanted: Sequence[Wanted]
    options: ExtractionOptions
    quiet: bool
    as_json: bool


def parsed(words: Sequence[str]) -> Request:
    """Read the words behind ``fiapx frames``; end with 2 and one sentence where they make no sense."""
    parser = make_parser()
    chosen = parser.parse_args(words)
    try:
        options = _options(chosen)
    except InvalidInput as wrong:
        parser.error(f"{option_of(wrong.field[-1])}: {wrong.message}")
    unpacked = chosen.unpacked
    if unpacked is None:
        unpacked = chosen.out is not None and chosen.out.suffix.lower() != ".zip"
    films = [film for word in chosen.films for film in _films(parser, word)]
    if chosen.out is not None and len(films) > 1:
        if chosen.out.suffix.lower() == ".zip":
            parser.error(f"{chosen.out} cannot be the ZIP of {len(films)} films: name a folder for their results")
        # The folder is for the results, of whatever kind each of them is.
        wanted = [_wanted(film, chosen.out, unpacked=bool(chosen.unpacked)) for film in films]
    elif chosen.out is not None:
        wanted = [Wanted(films[0], chosen.out, unpacked)]
    else:
        wanted = [_wanted(film, film.parent, unpacked=unpacked) for film in films]
    _refuse_clashes(parser, wanted, overwrite=chosen.force)
    return Request(wanted, options, chosen.quiet, chosen.as_json)


@final
class _Parser(argparse.ArgumentParser):
    """Ends with one sentence where something is wrong."""

    def error(self, message: str) -> NoReturn:
        self.exit(WRONG_USE, f"{_PROGRAM}: {message.rstrip('.')}.\n")


def make_parser() -> argparse.ArgumentParser:
    """Make what reads the words."""
    parser = _Parser(
        prog=_PROGRAM,
        description="Takes frames of films on this machine, as the service does: the same frames, the same ZIP.",
        epilog=_EXIT_CODES,
        allow_abbrev=False,
    )
    parser.add_argument("films", nargs="+", metavar="FILE", help="a film, or a pattern such as '*.mp4'")
    parser.add_argument(
        "-o", "--out", type=Path, metavar="OUT",
        help="a ZIP where its name ends so, else a folder; of several films the folder of their results "
        "(NAME.frames.zip beside each film)",
    )  # fmt: skip
    packed = parser.add_mutually_exclusive_group()
    packed.add_argument(
        "--zip", dest="unpacked", action="store_false", default=None, help="make a ZIP, whatever OUT is"
    )
    packed.add_argument("--folder", dest="unpacked", action="store_true", help="make a folder with the same entries")
    parser.add_argument("--force", action="store_true", help="replace a result that is there")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--quiet", action="store_true", help="say nothing but why a film failed")
    how.add_argument("--json", dest="as_json", action="store_true", help="say it for programs, an object a line")
    which = parser.add_argument_group("which frames (one of these)").add_mutually_exclusive_group()
    for kind in SelectionKind:
        word = SELECTIONS[kind.name.lower()]
        names = dict.fromkeys([option_of(kind.value), word.short])
        if kind is SelectionKind.KEYFRAMES_ONLY:
            which.add_argument(*names, dest=kind.value, action="store_true", default=None, help=word.help)
        else:
            which.add_argument(*names, dest=kind.value, type=_reader(word), metavar=word.value, help=word.help)
    others = parser.add_argument_group("how they are")
    for name, word in OTHERS.items():
        names = dict.fromkeys(filter(None, [option_of(name), word.short]))
        if word.read is bool:
            others.add_argument(*names, dest=name, action="store_true", default=None, help=word.help)
        else:
            others.add_argument(*names, dest=name, type=_reader(word), metavar=word.value, help=word.help)
    return parser


def _reader(word: Word) -> Callable[[str], Any]:
    """Return what reads an option's value, with its sentence where argparse expects it."""

    def read(text: str) -> Any:
        try:
            return word.read(text)
        except ValueError as wrong:
            raise argparse.ArgumentTypeError(str(wrong)) from None

    return read


def _options(chosen: argparse.Namespace) -> ExtractionOptions:
    """Fill in the defaults; raises ``InvalidInput`` where a value is out of range."""
    given: dict[str, Any] = {name: value for name in OTHERS if (value := getattr(chosen, name)) is not None}
    if "format" in given:
        given["format"] = ImageFormat(given["format"])
    if "aspect" in given:
        given["aspect"] = Aspect(given["aspect"])
    if "crop" in given:
        given["crop"] = Crop(**given["crop"])
    for kind in SelectionKind:
        match getattr(chosen, kind.value):
            case None:
                continue
            case tuple() as times:
                given["select"] = FrameSelection(kind, 0.0, times)
            case True:
                given["select"] = FrameSelection(kind, 0.0)
            case number:
                given["select"] = FrameSelection(kind, float(number))
    return ExtractionOptions(**given)


def _films(parser: argparse.ArgumentParser, word: str) -> Iterator[Path]:
    """Yield the films that a word names: shells leave a pattern in quotes, or without a match, as it is."""
    named = Path(word)
    if named.is_dir():
        parser.error(f"{word} is a folder; name films, such as {named / '*.mp4'}")
    if named.is_file():
        yield named
        return
    if named.exists():
        parser.error(f"{word} is no file")
    names = sorted(glob(word, recursive=True))  # noqa: PTH207 - pathlib's takes no absolute pattern
    found = [path for path in map(Path, names) if path.is_file()]
    if not found:
        parser.error(f"no file is like {word}" if has_magic(word) else f"there is no file {word}")
    yield from found


def _wanted(film: Path, folder: Path, *, unpacked: bool) -> Wanted:
    name = f"{film.stem}.frames"
    return Wanted(film, folder / (name if unpacked else f"{name}.zip"), unpacked)


def _refuse_clashes(parser: argparse.ArgumentParser, wanted: Sequence[Wanted], *, overwrite: bool) -> None:
    """End where two results would be one, or where one would replace what it may not."""
    ((most, times),) = Counter(one.result.absolute() for one in wanted).most_common(1)
    if times > 1:
        parser.error(f"{times} of the films would give {most}: take them one by one, with --out")
    for one in wanted:
        result = one.result
        if result.is_dir() and not result.is_symlink() and one.unpacked and not any(result.iterdir()):
            continue  # An empty folder is as good as none.
        if not (result.exists() or result.is_symlink()):
            continue
        if not overwrite:
            parser.error(f"{result} is there already; --force replaces it")
        if not may_be_replaced(result) or any(result.samefile(other.film) for other in wanted):
            parser.error(f"{result} is not replaced: it is no former result, or is the film itself")
        if result.is_dir() and not one.unpacked:
            parser.error(f"{result} is a folder, and no ZIP takes its place")
