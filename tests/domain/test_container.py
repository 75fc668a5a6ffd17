import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.container import ACCEPTED_EXTENSIONS, SNIFF_BYTES, check_container, checked_file_name, container_of
from app.domain.errors import InvalidInput, UnsupportedFileFormat
from app.domain.formats import ACCEPTED, unsupported_codec_reason

MP4 = b"\x00\x00\x00\x20ftypisom" + bytes(52)
MKV = b"\x1a\x45\xdf\xa3" + bytes(60)
AVI = b"RIFF\x00\x10\x00\x00AVI LIST" + bytes(48)
OLD_MOV = b"\x00\x00\x10\x00moov" + bytes(56)
TS = (b"\x47\x40\x11\x10" + bytes(184)) * 6
M2TS = (bytes(4) + b"\x47\x40\x11\x10" + bytes(184)) * 6
DVB_TS = (b"\x47\x40\x11\x10" + bytes(200)) * 6
PS = b"\x00\x00\x01\xba\x44\x00\x04\x00" + bytes(50)
ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(50)
FLV = b"FLV\x01\x05\x00\x00\x00\x09" + bytes(50)
OGG = b"OggS\x00\x02" + bytes(50)


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("a.mp4", MP4),
        ("A.MP4", MP4),
        ("a.m4v", MP4),
        ("a.mov", OLD_MOV),
        ("a.mkv", MKV),
        ("a.webm", MKV),
        ("a.avi", AVI),
        ("phone.3gp", b"\x00\x00\x00\x18ftyp3gp4" + bytes(50)),
        ("phone.3g2", b"\x00\x00\x00\x18ftyp3g2a" + bytes(50)),
        ("recording.ts", TS),
        ("camcorder.mts", M2TS),
        ("disc.m2ts", M2TS),
        ("satellite.ts", DVB_TS),
        ("begun in a packet.ts", TS[100:]),
        ("short.ts", TS[: 3 * 188]),
        ("a.mpg", PS),
        ("a.mpeg", PS),
        ("a.vob", PS),
        ("a.m2p", PS),
        ("a.wmv", ASF),
        ("a.asf", ASF),
        ("a.flv", FLV),
        ("a.ogv", OGG),
        ("a.ogg", OGG),
        ("a.ogm", OGG),
        ("renamed.mp4", MKV),
        ("renamed.mp4", M2TS),
        ("renamed.vob", FLV),
    ],
)
def test_a_video_is_accepted_by_its_content(name: str, head: bytes):
    check_container(name, head)


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("a.mp4", b"Dear diary, this is no video at all."),
        ("a.mp4", b""),
        ("a.mp4", b"\x00\x00"),
        ("a.txt", MP4),
        ("mp4", MP4),
        ("a.wav", b"RIFF\x00\x10\x00\x00WAVEfmt "),
        ("a.avi", b"RIFF\x00\x10\x00\x00WAVEfmt "),
        ("a.mp4", b"#EXTM3U\n#EXT-X-VERSION:3"),
        ("a.mp4", b"ffconcat version 1.0\nfile other.mp4"),
        ("a.ts", b"G" * 1024),
        ("a.ts", TS[:188] + b"x" + TS[188:]),
        ("a.ts", b"\x47" + bytes(1023)),
        ("a.flv", b"FLV\x02" + bytes(50)),
        ("a.wmv", ASF[:15]),
        ("a.mpg", b"\x00\x00\x01\xb3" + bytes(50)),
    ],
)
def test_what_is_no_video_is_refused_whatever_its_name(name: str, head: bytes):
    with pytest.raises(UnsupportedFileFormat) as refused:
        check_container(name, head)
    assert refused.value.field == ("file",)


def test_the_sentence_says_that_an_empty_file_is_empty():
    with pytest.raises(UnsupportedFileFormat, match="empty"):
        check_container("a.mp4", b"")


def test_what_films_come_in_is_accepted_by_its_name():
    assert set(ACCEPTED_EXTENSIONS) >= {"mp4", "mov", "avi", "mkv", "webm", "m4v"}, "the brief's formats"
    assert set(ACCEPTED_EXTENSIONS) >= {"3gp", "3g2", "ts", "mts", "m2ts", "mpg", "mpeg", "vob", "m2p"}, "cameras'"
    assert set(ACCEPTED_EXTENSIONS) >= {"wmv", "asf", "flv", "ogv", "ogg", "ogm"}, "the web's and Windows'"


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(30), "a picture"),
        (b"\xff\xd8\xff\xe0" + bytes(30), "a picture"),
        (b"GIF89a" + bytes(30), "a picture"),
        (b"RIFF\x00\x10\x00\x00WEBPVP8 ", "a picture"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(30), "a picture"),
        (b"ID3\x04" + bytes(30), "sound"),
        (b"\xff\xfb\x90\x00" + bytes(30), "sound"),
        (b"RIFF\x00\x10\x00\x00WAVEfmt ", "sound"),
        (b"fLaC" + bytes(30), "sound"),
        (b"PK\x03\x04" + bytes(30), "a ZIP archive"),
        (b"Rar!\x1a\x07\x00" + bytes(30), "an archive"),
        (b"%PDF-1.7\n%" + bytes(30), "a PDF document"),
        (b"#EXTM3U\n#EXT-X-VERSION:3", "a playlist"),
        (b"ffconcat version 1.0\nfile other.mp4", "a playlist"),
        (b'<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"', "a playlist"),
        (b"\n<!DOCTYPE html><title>Not found</title>", "a web page"),
        (b"\x7fELF\x02" + bytes(30), "a program"),
        ("Querido diário".encode() + "é".encode()[:1], "text"),
        (bytes(64), "not a video that can be processed"),
        ("Querido diário".encode("latin-1"), "not a video that can be processed"),
    ],
)
def test_a_refusal_names_what_was_found_and_what_is_accepted(head: bytes, what: str):
    with pytest.raises(UnsupportedFileFormat) as refused:
        check_container("holiday.MP4", head)
    assert refused.value.message == f"This file is named .mp4 but its content is {what}. Send a film in {ACCEPTED}."


def test_a_name_that_is_not_accepted_is_told_what_is():
    with pytest.raises(UnsupportedFileFormat, match=r"Send a film in MP4, .+ or OGV\."):
        check_container("notes.txt", MP4)


@given(st.binary(max_size=SNIFF_BYTES))
def test_any_bytes_are_either_a_known_container_or_refused(head: bytes):
    assert container_of(head) in {None, "isobmff", "matroska", "riff", "mpegts", "mpegps", "asf", "flv", "ogg"}


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("sanm", "SANM"),
        ("rv40", "RealVideo 4"),
        ("vp6f", "VP6"),
        ("prores_raw", "ProRes RAW"),
        ("mss2", "Windows Media"),
    ],
)
def test_a_codec_that_is_not_decoded_is_named_with_some_that_are(codec: str, name: str):
    reason = unsupported_codec_reason(codec)
    assert reason.startswith(f"This video is encoded in {name}")
    assert "H.264, HEVC, AV1" in reason


@pytest.mark.parametrize("codec", ["", "none", "unknown"])
def test_a_codec_that_nobody_knows_has_no_name(codec: str):
    assert "not known here" in unsupported_codec_reason(codec)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("férias.mp4", "férias.mp4"),
        ("../../etc/passwd.mp4", "passwd.mp4"),
        ("C:\\videos\\a.mp4", "a.mp4"),
        ("a\r\nSet-Cookie: x.mp4", "aSet-Cookie: x.mp4"),
        ("gpj.\u202e4pm.mp4", "gpj.4pm.mp4"),
        ("  a.mp4 ", "a.mp4"),
    ],
)
def test_a_file_name_is_kept_as_it_can_safely_be_shown(sent: str, kept: str):
    assert checked_file_name(sent) == kept


@pytest.mark.parametrize("sent", ["", "/", "..\\", "\u0000", "   "])
def test_an_empty_file_name_is_refused(sent: str):
    with pytest.raises(InvalidInput):
        checked_file_name(sent)


def test_a_very_long_name_keeps_its_ending():
    assert checked_file_name("x" * 1000 + ".mp4") == "x" * 251 + ".mp4"


@given(st.text(max_size=600))
def test_any_name_that_is_kept_fits_the_column_and_is_printable(text: str):
    try:
        name = checked_file_name(text)
    except InvalidInput:
        return
    assert 1 <= len(name) <= 255
    assert not any(unicodedata.category(c) in {"Cc", "Cf", "Cs"} for c in name)
    assert "/" not in name
    assert "\\" not in name
