import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.container import ACCEPTED_EXTENSIONS, check_container, checked_file_name
from app.domain.errors import InvalidInput, UnsupportedFileFormat

MP4 = b"\x00\x00\x00\x20ftypisom" + bytes(52)
MKV = b"\x1a\x45\xdf\xa3" + bytes(60)
AVI = b"RIFF\x00\x10\x00\x00AVI LIST" + bytes(48)
OLD_MOV = b"\x00\x00\x10\x00moov" + bytes(56)


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
        ("renamed.mp4", MKV),
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
    ],
)
def test_what_is_no_video_is_refused_whatever_its_name(name: str, head: bytes):
    with pytest.raises(UnsupportedFileFormat) as refused:
        check_container(name, head)
    assert refused.value.field == ("file",)


def test_the_sentence_says_that_an_empty_file_is_empty():
    with pytest.raises(UnsupportedFileFormat, match="empty"):
        check_container("a.mp4", b"")


def test_the_briefs_formats_and_their_siblings_are_accepted():
    assert set(ACCEPTED_EXTENSIONS) >= {"mp4", "mov", "avi", "mkv", "webm", "m4v"}


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
def test_a_name_of_nothing_is_refused(sent: str):
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
