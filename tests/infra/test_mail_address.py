"""Whom mail reaches: what a server is really given after RCPT TO, and what no account may be made with."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import InvalidInput
from app.infra.mail_address import IdnaMailAddresses, recipient
from tests.infra.mails import MAIL, received
from tests.parts.stores import SmtpSinkPart

ADDRESSES = IdnaMailAddresses()


# The expected ASCII is that of UTS 46's own conformance data (nontransitional), and of RFC 5891.
@pytest.mark.parametrize(
    ("typed", "kept", "reached"),
    [
        ("x@straße.example", "x@straße.example", "x@xn--strae-oqa.example"),
        ("x@STRASSE.example", "x@strasse.example", "x@strasse.example"),
        ("x@xn--strae-oqa.example", "x@straße.example", "x@xn--strae-oqa.example"),
        ("x@faẞ.example", "x@faß.example", "x@xn--fa-hia.example"),
        ("x@βόλος.example", "x@βόλος.example", "x@xn--nxasmm1c.example"),
        ("x@München.example", "x@münchen.example", "x@xn--mnchen-3ya.example"),
        ("x@XN--MNCHEN-3YA.example", "x@münchen.example", "x@xn--mnchen-3ya.example"),
        ("O'Neil+videos=1@Example.COM", "o'neil+videos=1@example.com", "o'neil+videos=1@example.com"),
    ],
)
async def test_mail_goes_to_the_domain_that_was_typed_and_to_no_other(
    smtp_sink: SmtpSinkPart, typed: str, kept: str, reached: str
):
    assert ADDRESSES.normal_form(typed) == kept
    message = await received(smtp_sink, replace(MAIL, to=kept))
    assert message["X-RcptTo"] == reached


@pytest.mark.parametrize(
    "typed",
    [
        "x@☕.example",  # Mapped to nothing by IDNA 2008, and not to another name.
        "x@a_b.example",
        "x@xn--strasse-.example",
        "x@xn--zz.example",
        'a%"b@example.com',
        "=?utf-8?q?eve=40evil=2Eexample?=@example.com",
        "a\u200db@example.com",
        "a\u202eb@example.com",
        "x@a\u200db.example",
        "x@" + "ä" * 60 + ".example",
    ],
)
def test_an_address_that_mail_might_not_reach_as_it_is_makes_no_account(typed: str):
    with pytest.raises(InvalidInput) as refused:
        ADDRESSES.normal_form(typed)
    assert refused.value.field == ("email",)
    assert refused.value.message.endswith(".")


@given(
    st.text(max_size=80)
    | st.from_regex(r"[a-z.+'=?\"é]{1,12}@[a-zßς\-xn.☕ä0-9。]{1,30}\.(de|example)", fullmatch=True)
)
def test_a_normal_form_stays_as_it_is_and_is_what_mail_is_sent_to(text: str):
    try:
        normal = ADDRESSES.normal_form(text)
    except InvalidInput:
        return
    assert ADDRESSES.normal_form(normal) == normal
    assert ADDRESSES.spellings(text)[0] == normal
    local, _, domain = normal.rpartition("@")
    sent = recipient(normal)
    assert sent.addr_spec == f"{local}@{sent.domain}"
    assert sent.domain.isascii()
    assert ADDRESSES.normal_form(sent.addr_spec) == normal
    assert domain == normal.rpartition("@")[2]


async def test_an_account_from_before_addresses_had_one_form_still_gets_its_mail(smtp_sink: SmtpSinkPart):
    message = await received(smtp_sink, replace(MAIL, to="x@xn--mnchen-3ya.example"))
    assert message["X-RcptTo"] == "x@xn--mnchen-3ya.example"
