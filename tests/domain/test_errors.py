"""The tree of errors: the one place where a code is written down."""

import ast
from collections.abc import Iterator
from pathlib import Path

from app.domain.errors import DomainError
from app.domain.failure import FailureCode
from app.graphql.schema import schema
from app.server.problems import domain_problem

ROOT = Path(__file__).parents[2]
DEFINED_IN = {Path("app/domain/errors.py"), Path("app/domain/failure.py")}


def texts_in(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_a_code_is_written_down_where_it_is_defined_and_nowhere_else():
    codes = {DomainError.code, *(kind.code for kind in DomainError.coded()), *FailureCode}
    files = {
        path.relative_to(ROOT): path.read_text() for room in ("app", "jobs") for path in (ROOT / room).rglob("*.py")
    }
    again = {str(path): sorted(codes & set(texts_in(files[path]))) for path in files.keys() - DEFINED_IN}
    assert {path: found for path, found in again.items() if found} == {}


def test_the_api_has_a_code_for_each_error_of_the_tree_and_says_of_it_what_the_tree_says():
    shown = schema._schema.type_map["ProblemCode"].values  # type: ignore[attr-defined]
    told = {code: value.description for code, value in shown.items()}
    # Whoever has no session gets no data, so no Problem either.
    assert told == {kind.code: kind.description() for kind in DomainError.coded() if kind.code != "UNAUTHENTICATED"}


def test_the_api_says_of_each_failure_what_the_domain_says():
    shown = schema._schema.type_map["FailureCode"].values  # type: ignore[attr-defined]
    assert {code: value.description for code, value in shown.items()} == {
        code.name: code.description for code in FailureCode
    }


def test_every_error_of_the_tree_has_a_status_in_rest():
    for kind in DomainError.coded():
        error = kind.__new__(kind)
        DomainError.__init__(error)
        assert 400 <= domain_problem(error).status_code < 600
