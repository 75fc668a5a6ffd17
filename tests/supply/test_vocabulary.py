"""The code speaks the field's language: no private word stands for one that an engineer would look for."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FIELD = {
    "edge": "services",
    "lapse": "expire",
    "litter": "orphan",
    "intake": "upload reservation",
    "keep house": "collect garbage",
    "owe": "enqueue a notification",
    "news": "message",
    "beat": "heartbeat",
    "envelope": "middleware, by what it does",
    "judge": "classify",
    "outlast": "wait uncancelled",
    "patience": "time budget",
    "preparation": "pipeline, parsing or validation",
    "refusal": "limit error, problem type or rejected request",
}
"""The private words of the first months, and what the field says."""

_PRIVATE = (
    "lapses?|lapsed|edges?|litter|intakes?|keep_house|keephouse|owe|owed|news|beats?|envelope|judge|judged|outlast"
    "|patience|preparation|refusals?"
)
# Relay's connections have edges, and so has a picture; an idiom is no name.
_OF_GRAPHQL = {
    f"app/graphql/{name}.py" for name in ("batches", "connection", "frames", "notifications", "operating", "videos")
}
_OF_OTHERS = {"heart_beat", "envelope", "_envelope", "upload_refusal"}
"""Names of arq and aiosmtpd; a mail has an envelope, and the schema a field of that name."""
_VERBS = re.compile(r"(Give|Tell|Say)s?\b")


def sources() -> list[Path]:
    found = [path for room in ("app", "jobs", "devserver") for path in sorted((ROOT / room).rglob("*.py"))]
    assert len(found) > 150
    return found


def names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield every name that the module makes or uses, with its line."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                yield node.lineno, name
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield node.lineno, name
            case ast.ImportFrom(module=str(name)):
                yield node.lineno, name


def words(name: str) -> list[str]:
    """Split an identifier into its words, in lower case."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]


def docstrings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield getattr(node, "lineno", 1), text


def told(path: Path, line: int, what: str) -> str:
    return f"{path.relative_to(ROOT)}:{line}: {what}"


@pytest.mark.slow
def test_no_name_is_a_private_word():
    private = re.compile(_PRIVATE)
    found = [
        told(path, line, name)
        for path in sources()
        if str(path.relative_to(ROOT)) not in _OF_GRAPHQL
        for line, name in names(ast.parse(path.read_text()))
        if (any(private.fullmatch(word) for word in words(name)) and name not in _OF_OTHERS)
        or name.lower() in {"keephouse", "keep_house"}
    ]
    assert found == []


def test_no_docstring_begins_with_a_private_verb():
    found = [
        told(path, line, text.splitlines()[0])
        for path in sources()
        for line, text in docstrings(ast.parse(path.read_text()))
        if _VERBS.match(text)
    ]
    assert found == []


@pytest.mark.parametrize("word", ["lapse", "lapses", "lapsed", "litter", "intake", "owed", "outlast"])
def test_no_docstring_has_a_word_that_was_given_up(word: str):
    private = re.compile(rf"\b{word}\b", re.IGNORECASE)
    found = [
        told(path, line, text.splitlines()[0])
        for path in sources()
        for line, text in docstrings(ast.parse(path.read_text()))
        if private.search(re.sub(r"``[^`]*``", "", text))
    ]
    assert found == []


def test_the_schema_does_not_speak_of_the_brief():
    assert "brief" not in (ROOT / "schema.graphql").read_text()
