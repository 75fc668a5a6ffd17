"""All settings in one page, made from the classes that have them: nothing is said of a setting but beside it."""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from app.setting_forms import PREFIX, form_and_example
from app.settings import EVERY_KIND

_READERS: Final = {
    "VideoSettings": "Every process",
    "DecodingSettings": "Every process: what one video may cost",
    "ServerSettings": "The API: what it takes",
    "SigningSettings": "The API and the control worker",
    "Settings": "The API alone",
    "ControlSettings": "The control worker alone",
    "CheckSettings": "`fiapx check` and `fiapx doctor`",
    "FramesSettings": "`fiapx frames`",
    "UpSettings": "`fiapx up`",
    "LogSettings": "Every process: its log",
    "TraceSettings": "The API and the workers: traces",
    "DatabaseSettings": "`fiapx migrate`",
}
_UNITS: Final = {
    "bytes": (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024)),
    "seconds": (("d", 86400), ("h", 3600), ("min", 60)),
}
_HEADING: Final = re.compile(r"^    # ([^.]+)$")
_HEAD: Final = "| Name | Meaning | Form | Default |\n|---|---|---|---|\n"
_INTRODUCTION: Final = """<!-- Made by make schema from app/settings.py and decoding_settings.py; change it there. -->
# Settings

Everything that can be set is a variable of the environment. One that is missing or wrong keeps a process from
starting and is named with its form and an example; one that is no setting is pointed out, and changes nothing. Lists
are written `a,b` or as JSON. In containers `FIAPX_X_FILE` names a file that holds `FIAPX_X`. Sizes are bytes and
times are seconds unless a name says otherwise; a rate is "number/period" or "number/count period". `fiapx check`
tries what a setting names.
"""


def page() -> str:
    """Return the page as Markdown."""
    kinds = sorted(
        {kind for chosen in EVERY_KIND for kind in chosen.__mro__ if kind.__name__ in _READERS},
        key=lambda kind: list(_READERS).index(kind.__name__),
    )
    return _INTRODUCTION + "".join(_section(kind) for kind in kinds)


def meanings(kind: type[BaseSettings]) -> Mapping[str, str]:
    """Return what the docstrings below a class's own fields say."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(tree, ast.ClassDef)
    found = {}
    for field, said in zip(tree.body, [*tree.body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            told = isinstance(said, ast.Expr) and isinstance(said.value, ast.Constant) and said.value.value
            found[field.target.id] = inspect.cleandoc(str(told)) if told else ""
    return found


def _section(kind: type[BaseSettings]) -> str:
    text, heading, of = f"\n## {_READERS[kind.__name__]}\n", "", _headings(kind)
    schemas, told = kind.model_json_schema()["properties"], meanings(kind)
    text += f"\n{' '.join(inspect.cleandoc(kind.__doc__ or '').split()).replace('``', '`')}\n"
    for number, (name, meaning) in enumerate(told.items()):
        if (above := of.get(name, "")) != heading:
            heading = above
            text += f"\n### {heading}\n"
        if number == 0 or above != of.get([*told][number - 1], ""):
            text += f"\n{_HEAD}"
        text += _row(name, kind.model_fields[name], schemas[name], meaning)
    return text


def _headings(kind: type[BaseSettings]) -> Mapping[str, str]:
    """Return for each field the comment that heads its group, where there are groups."""
    heading, found = "", {}
    for line in textwrap.dedent(inspect.getsource(kind)).splitlines():
        if comment := _HEADING.match(line):
            heading = comment[1]
        elif field := re.match(r"^    (\w+): ", line):
            found[field[1]] = heading
    return found


def _row(name: str, field: FieldInfo, schema: Mapping[str, Any], meaning: str) -> str:
    form, example = form_and_example(schema)
    if "examples" in str(schema) and example != str(field.default):
        form += f", such as {example}"
    cells = (f"`{PREFIX}{name.upper()}`", " ".join(meaning.split()), _plain(form), _default(name, field))
    return f"| {' | '.join(cell.replace('``', '`').replace('|', chr(92) + '|') for cell in cells)} |\n"


def _plain(text: str) -> str:
    return re.sub(r"([\[\]<*_])", r"\\\1", text)


def _default(name: str, field: FieldInfo) -> str:
    value = field.default
    if field.is_required():
        return "**needed**"
    if value is None or value == ():
        return "not set"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`" + "".join(f" ({one})" for one in _with_unit(name, value))


def _with_unit(name: str, value: object) -> Iterator[str]:
    if isinstance(value, int | float) and value:
        for unit, size in _UNITS.get(name.rpartition("_")[2], ()):
            if value % size == 0:
                yield f"{value // size:g} {unit}"
                return
