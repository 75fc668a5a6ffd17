"""What users read of their frames, held against what is so."""

import json
from pathlib import Path

from jsonschema import Draft202012Validator

from app.domain.container import ACCEPTED_EXTENSIONS
from app.domain.failure import CUT_OFF, ENCRYPTED, JOINED, FailureCode
from app.domain.formats import unsupported_codec_reason
from app.domain.options import SelectionKind
from app.infra.ffmpeg.codecs import DECODER

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "frames.md").read_text("utf-8")
SCHEMA = json.loads((DOCS / "frames.schema.json").read_text("utf-8"))

CALLED = {
    "cfhd": "CineForm",
    "cinepak": "Cinepak",
    "dnxhd": "DNxHD",
    "dvvideo": "DV",
    "dxv": "Resolume DXV",
    "ffvhuff": "FFVHuff",
    "flashsv": "Flash Screen Video",
    "flashsv2": "Flash Screen Video 2",
    "flv1": "Sorenson Spark",
    "h263": "H.263",
    "h264": "H.264",
    "hap": "Hap",
    "hevc": "HEVC (H.265)",
    "huffyuv": "HuffYUV",
    "jpeg2000": "JPEG 2000",
    "magicyuv": "MagicYUV",
    "mjpeg": "Motion JPEG",
    "mpeg1video": "MPEG-1",
    "mpeg2video": "MPEG-2",
    "mpeg4": "MPEG-4",
    "msmpeg4v1": "Microsoft MPEG-4 version 1",
    "msmpeg4v2": "Microsoft MPEG-4 version 2",
    "msmpeg4v3": "Microsoft MPEG-4 version 3",
    "msrle": "Microsoft RLE",
    "msvideo1": "Microsoft Video 1",
    "prores": "ProRes",
    "qtrle": "QuickTime Animation",
    "r10k": "AJA 10-bit RGB",
    "r210": "10-bit RGB",
    "rawvideo": "uncompressed video",
    "rpza": "Apple Video",
    "smc": "QuickTime Graphics",
    "speedhq": "SpeedHQ",
    "svq1": "Sorenson Video",
    "svq3": "Sorenson Video 3",
    "theora": "Theora",
    "utvideo": "Ut Video",
    "v210": "10-bit 4:2:2",
    "vc1": "VC-1",
    "vvc": "VVC (H.266)",
    "wmv1": "Windows Media Video 7",
    "wmv2": "Windows Media Video 8",
    "wmv3": "Windows Media Video 9",
    "zmbv": "DOSBox (ZMBV)",
}
"""What makers call the codecs that are decoded, where that is not libavcodec's name in capitals."""


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
    assert [codec for codec in DECODER if CALLED.get(codec, codec.upper()) not in words] == []


def test_only_what_is_decoded_is_called_so():
    assert [codec for codec in CALLED if codec not in DECODER] == []
