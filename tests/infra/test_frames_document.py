"""What users read of their frames, held against what is so."""

import json
from pathlib import Path

from jsonschema import Draft202012Validator

from app.domain.container import ACCEPTED_EXTENSIONS
from app.domain.failure import CUT_OFF, ENCRYPTED, JOINED, FailureCode
from app.domain.formats import codec_name, unsupported_codec_reason
from app.domain.options import SelectionKind
from app.infra.ffmpeg.codecs import DECODER

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "frames.md").read_text("utf-8")
SCHEMA = json.loads((DOCS / "frames.schema.json").read_text("utf-8"))


def test_the_example_of_a_manifest_is_as_the_schema_says():
    _, _, rest = TEXT.partition("```json\n")
    Draft202012Validator(SCHEMA).validate(json.loads(rest.partition("```")[0]))


def test_each_field_of_the_manifest_is_explained():
    described = [*SCHEMA["properties"], *SCHEMA["$defs"]["frame"]["properties"]]
    described += SCHEMA["properties"]["reading"]["properties"]
    assert [name for name in described if f"`{name}`" not in TEXT] == []


def test_each_choice_is_explained():
    assert [kind for kind in SelectionKind if f"| `{kind}` |" not in TEXT] == []


def test_each_reason_of_a_failure_stands_there():
    assert [code for code in FailureCode if f"| `{code}` | {code.reason} |" not in TEXT] == []
    better = [CUT_OFF, ENCRYPTED, JOINED, unsupported_codec_reason("rv40")]
    assert [reason for reason in better if reason not in TEXT] == []


def test_each_ending_and_each_codec_that_is_accepted_stands_there():
    assert [ending for ending in ACCEPTED_EXTENSIONS if f"`.{ending}`" not in TEXT] == []
    words = " ".join(TEXT.split())  # Names may be broken over two lines.
    assert [codec for codec in DECODER if codec_name(codec) not in words] == []
