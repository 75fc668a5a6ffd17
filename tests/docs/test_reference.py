"""What the documentation says of the code is made from the code."""

import pytest
from pydantic_settings import BaseSettings

from app.domain.errors import DomainError
from app.domain.failure import FailureCode
from app.graphql.problems import ProblemCode
from app.setting_forms import names_of
from app.settings import EVERY_KIND
from docs.reference import errors, settings
from docs.reference.__main__ import differing


def test_what_is_made_from_the_code_is_what_the_code_says():
    assert differing() == [], "make schema writes them anew."


KINDS = {kind for one in EVERY_KIND for kind in one.__mro__ if issubclass(kind, BaseSettings)}


@pytest.mark.parametrize("kind", sorted(KINDS, key=repr))
def test_every_setting_says_beside_it_what_it_means(kind: type[BaseSettings]):
    if kind is not BaseSettings:
        assert [name for name, meaning in settings.meanings(kind).items() if not meaning] == []


def test_every_setting_stands_in_the_table_with_its_form_its_default_and_its_meaning():
    rows = [line for line in settings.page().splitlines() if line.startswith("| `FIAPX_")]
    assert {row.split("`")[1] for row in rows} == names_of(*EVERY_KIND)
    assert [row for row in rows if not all(cell.strip() for cell in row.replace("\\|", "").strip("|").split("|"))] == []
    (largest,) = [row for row in rows if "FIAPX_MAX_FILE_BYTES" in row]
    assert largest.split(" | ")[1:] == ["How large a source may be.", "a whole number", "`53687091200` (50 GiB) |"]


def test_every_error_and_every_reason_to_fail_stands_in_the_catalogue():
    page = errors.page()
    codes = {kind.code for kind in errors.kinds()} | set(ProblemCode.__members__) | set(FailureCode)
    assert [code for code in codes if f"| `{code}` |" not in page] == []
    assert DomainError.__subclasses__()[0].code in codes
