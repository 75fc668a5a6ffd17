"""What clients were promised stays."""

import subprocess
import sys
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

from app.graphql.schema import broken_promises, schema

ROOT = Path(__file__).parents[2]
OPERATIONS = sorted((ROOT / "operations").glob("*.graphql"))
CORE = build_schema(schema.as_str())


def test_a_field_that_goes_a_type_that_changes_and_an_argument_that_becomes_needed_are_broken_promises():
    old = "type Query { a: Int b: String! c(x: Int): Int }"
    new = "type Query { b: String c(x: Int!): Int }"
    assert len(broken_promises(old, new)) == 3
    assert broken_promises(old, "type Query { a: Int! b: String! c(x: Int, y: Int): Int d: Int }") == []


@pytest.mark.slow
def test_the_schema_is_not_written_where_it_breaks_what_the_committed_one_promised(tmp_path: Path):
    committed = tmp_path / "schema.graphql"
    committed.write_text(schema.as_str().replace("  me: User!", "  me: User!\n  them: User!"))
    export = [sys.executable, "-m", "app.cli", "export-schema", "--keeping", str(committed)]
    run = subprocess.run(export, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stdout) == (1, "")
    assert "Query.them was removed" in run.stderr


@pytest.mark.parametrize("file", OPERATIONS, ids=lambda file: file.stem)
def test_every_operation_that_is_shown_to_others_is_valid(file: Path):
    assert validate(CORE, parse(file.read_text("utf-8"))) == []


def test_every_root_field_is_shown_in_an_operation():
    shown = " ".join(file.read_text("utf-8") for file in OPERATIONS)
    roots = [kind for kind in (CORE.query_type, CORE.mutation_type, CORE.subscription_type) if kind]
    assert [name for root in roots for name in root.fields if f"  {name}" not in shown] == []
