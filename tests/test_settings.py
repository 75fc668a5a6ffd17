"""The settings: what is shipped is what is tested, and each default is written down once."""

import ast
from collections.abc import Iterator
from pathlib import Path

from app.settings import EVERY_KIND

ROOT = Path(__file__).parents[1]


def defaults_in(tree: ast.AST) -> Iterator[str]:
    """Yield the names of the fields and arguments that have a value of their own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and _means_something(node.value):
            if "strawberry.field" not in ast.unparse(node):  # That has a description there and no value.
                yield node.target.id
        elif isinstance(node, ast.arguments):
            named = [*node.posonlyargs, *node.args]
            yield from (
                arg.arg
                for arg, value in zip(reversed(named), reversed(node.defaults), strict=False)
                if _means_something(value)
            )
            yield from (
                arg.arg for arg, value in zip(node.kwonlyargs, node.kw_defaults, strict=True) if _means_something(value)
            )


def _means_something(value: ast.expr | None) -> bool:
    """Whether it is a value, and not the None with which something is left out."""
    return value is not None and not (isinstance(value, ast.Constant) and value.value is None)


def test_no_room_repeats_a_default_of_the_settings():
    names = {name for kind in EVERY_KIND for name in kind.model_fields}
    repeated = {
        str(path.relative_to(ROOT)): sorted(names & set(defaults_in(ast.parse(path.read_text()))))
        for path in (ROOT / "app").rglob("*.py")
        if path.name not in {"settings.py", "decoding_settings.py"}
    }
    assert {path: found for path, found in repeated.items() if found} == {}
