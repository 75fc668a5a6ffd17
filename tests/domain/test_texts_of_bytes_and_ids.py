"""base64url, and ids in their one form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.base64url import decoded, encoded
from app.domain.identifiers import is_uuid

UUID = "0c0c7a5e-0f6c-4f0c-9a51-7f3a2c1d9e10"


@given(st.binary(max_size=64))
def test_what_is_encoded_is_decoded_and_fits_into_a_url(data: bytes):
    text = encoded(data)
    assert decoded(text) == data
    assert not set(text) & set("+/=")


@pytest.mark.parametrize("text", ["A", "AB==", "A+BC", "A/BC", "AB CD", "AB\nCD", "é"])
def test_text_that_is_not_base64url_is_refused(text: str):
    with pytest.raises(ValueError):  # noqa: PT011 - nobody is told what is wrong with it
        decoded(text)


@pytest.mark.parametrize("other", [UUID.upper(), f"{{{UUID}}}", f"urn:uuid:{UUID}", UUID.replace("-", ""), "", 7, None])
def test_an_id_has_one_form(other: object):
    assert is_uuid(UUID)
    assert not is_uuid(other)
