"""How frames are to be taken, as options of ``fiapx upload`` and ``fiapx import``."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, Any, Final, cast

import typer

from app.option_words import OTHERS, SELECTIONS, Word, option_of
from app.remote.failures import WRONG_USE, CannotGoOn
from fiapx_client import ExtractionOptions

_NAMES: Final = (*SELECTIONS, *OTHERS)


def asking_options(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command as Typer is to read it: its ``chosen`` is an option for each field of the API."""

    @wraps(command)
    def gathering(**given: Any) -> None:
        chosen = {name: given.pop(name) for name in _NAMES}
        command(**given, chosen=chosen)

    own, each = signature(command), [_parameter(name) for name in _NAMES]
    shown = [one for it in own.parameters.values() for one in (each if it.name == "chosen" else [it])]
    gathering.__signature__ = own.replace(parameters=shown)  # type: ignore[attr-defined]  # By which Typer goes.
    return gathering


def _parameter(name: str) -> Parameter:
    word = SELECTIONS.get(name) or OTHERS[name]
    names = dict.fromkeys(filter(None, [option_of(name), word.short]))
    panel = "Which frames (one of these)" if name in SELECTIONS else "How they are"
    if word.read is bool:
        flag = typer.Option(*names, help=word.help, rich_help_panel=panel)
        return Parameter(name, Parameter.KEYWORD_ONLY, default=False, annotation=Annotated[bool, flag])
    option = typer.Option(*names, metavar=word.value, help=word.help, parser=_reader(word), rich_help_panel=panel)
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[Any, option])


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
    found = {_field(name): value for name in OTHERS if (value := given[name]) is not None and value is not False}
    if selected:
        found["select"] = {_field(name): value for name, value in selected.items()}
    return cast("ExtractionOptions", found)


def _field(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))
