"""How frames are to be taken, as options of ``fiapx upload``."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import typer

from app.option_words import OTHERS, SELECTIONS, Word, option_of
from app.remote.failures import WRONG_USE, CannotGoOn
from fiapx_client import ExtractionOptions


def option(name: str) -> Any:
    """Return the option of the API's field of this name."""
    word = SELECTIONS.get(name) or OTHERS[name]
    names = dict.fromkeys(filter(None, [option_of(name), word.short]))
    panel = "Which frames (one of these)" if name in SELECTIONS else "How they are"
    if word.read is bool:
        return typer.Option(*names, help=word.help, rich_help_panel=panel)
    return typer.Option(*names, metavar=word.value, help=word.help, parser=_reader(word), rich_help_panel=panel)


def _reader(word: Word) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return word.read(text)
        except ValueError as wrong:
            raise typer.BadParameter(f"{wrong}.") from None

    read.__name__ = word.value  # By which typer calls its type.
    return read


def one_of(words: Sequence[str]) -> Callable[[str], str]:
    """Return what reads one of these words, in whatever case."""

    def read(text: str) -> str:
        if text.upper() not in words:
            raise typer.BadParameter(f"{text} is none of {', '.join(words).lower()}.")
        return text.upper()

    return read


def options_of(given: Mapping[str, Any]) -> ExtractionOptions:
    """Return what was chosen as the API wants it; what was not is left to the service."""
    selected = {name: value for name in SELECTIONS if (value := given[name]) is not None and value is not False}
    if len(selected) > 1:
        first, second, *_ = map(option_of, selected)
        raise CannotGoOn(f"{first} and {second} are two ways of choosing frames; take one.", WRONG_USE)
    found = {_field(name): value for name in OTHERS if (value := given[name]) is not None}
    if selected:
        found["select"] = {_field(name): value for name, value in selected.items()}
    return cast("ExtractionOptions", found)


def _field(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))
