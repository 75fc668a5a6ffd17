"""What mails say of the fault of one file, in both languages."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.container import CONTENTS, check_container
from app.domain.errors import UnsupportedFileFormat
from app.domain.failure import CUT_OFF, ENCRYPTED, JOINED, LOST, NO_SPACE, STOPPED, FailureCode
from app.domain.formats import ACCEPTED, unsupported_codec_reason, unsupported_container_reason
from app.domain.notification import Mail
from app.domain.plan import TOO_MANY_SEEN
from app.domain.user import Locale
from app.infra.mail import SmtpMailer

MAIL = Mail(
    id="5d1b7a5e-0f6c-5f0c-9a51-7f3a2c1d9e10",
    to="ana@example.com",
    to_name="Ana",
    locale=Locale.EN,
    template="video.failed",
    values={"name": "Ana", "file_name": "a.mp4", "reason": "", "code": "CORRUPT_VIDEO", "url": "https://x.example/"},
)
NAMED_FAULTS = [
    (ENCRYPTED, "criptografado"),
    (NO_SPACE, "ficou sem espaço"),
    (LOST, "perdeu o ZIP deste vídeo"),
    (STOPPED, "Um operador do serviço cancelou"),
    (JOINED, "junta vários vídeos"),
    (CUT_OFF, "termina antes do fim"),
    (
        unsupported_codec_reason("sanm"),
        "codificado em SANM, que não podemos decodificar; podemos decodificar H.264, HEVC,",
    ),
    (unsupported_codec_reason("none"), "de uma forma que não conhecemos"),
    (unsupported_container_reason(), "envie MP4, M4V,"),
    ("The chosen start is later than the end of this video, which is 5.31 s long.", "que dura 5,31 s."),
    ("This video is 10 s long and has no key picture in the chosen part.", "dura 10 s e não tem nenhum quadro-chave"),
    ("This video is 10 s long, and none of the times asked for is in it.", "nenhum dos instantes pedidos está nele"),
    (
        "This video is 10 s long, and none of the times asked for is in the chosen part of it.",
        "está na parte escolhida",
    ),
    ("This video is 10 s long, and all pictures that were looked at are black.", "dura 10 s, e todas as imagens"),
    (TOO_MANY_SEEN, "comparar imagens demais"),
    ("A picture of 9000x9000 pixels is larger than the service allows.", "imagem de 9000x9000 pixels"),
    ("This video is damaged: its picture at 3.041 s cannot be decoded.", "o quadro em 3,041 s"),
]


def refusal(head: bytes) -> str:
    with pytest.raises(UnsupportedFileFormat) as refused:
        check_container("a.mp4", head)
    return refused.value.message


def written(mail: Mail) -> tuple[str, str]:
    _, text, html = SmtpMailer("smtp://localhost", "FIAP X <no-reply@fiapx.example>")._rendered(mail)
    return text, html


@pytest.mark.parametrize(("reason", "words"), NAMED_FAULTS)
def test_a_fault_that_is_named_is_named_in_both_languages(reason: str, words: str):
    mail = replace(MAIL, values={**MAIL.values, "reason": reason})
    assert all(reason in body for body in written(mail))
    assert all(words in body for body in written(replace(mail, locale=Locale.PT_BR)))


@pytest.mark.parametrize("code", FailureCode)
def test_a_fault_without_words_of_its_own_is_told_by_its_code(code: FailureCode):
    for reason in (code.reason, "Something new that nobody has translated yet."):
        mail = replace(MAIL, locale=Locale.PT_BR, values={**MAIL.values, "code": code.value, "reason": reason})
        assert all("Motivo:" in body and reason not in body for body in written(mail))


@pytest.mark.parametrize("refused", [UnsupportedFileFormat(), UnsupportedFileFormat("This file is empty.")])
@pytest.mark.parametrize("locale", Locale)
def test_a_refusal_lists_the_accepted_formats_once(refused: UnsupportedFileFormat, locale: Locale):
    values = {**MAIL.values, "reason": refused.message, "code": ""}
    for body in written(replace(MAIL, template="upload.rejected", locale=locale, values=values)):
        assert body.count("MKV, WebM") == 1
        assert ACCEPTED in body or locale is Locale.PT_BR


@pytest.mark.parametrize("reason", [*(reason for reason, _ in NAMED_FAULTS), refusal(b"PK\x03\x04"), refusal(b"")])
def test_the_page_has_portuguese_words_for_the_same_sentences(reason: str):
    texts = Path(__file__).parents[2] / "frontend-sample/src/texts/sayings.ts"
    known = re.findall(r"/\^(.+)\$/,", texts.read_text("utf-8"))
    assert any(re.fullmatch(pattern, reason) for pattern in known)


def test_the_page_has_portuguese_words_for_whatever_a_file_may_be():
    texts = (Path(__file__).parents[2] / "frontend-sample/src/texts/reasons.ts").read_text("utf-8")
    assert all(f'"{what}": "' in texts or f'\n  {what}: "' in texts for what in CONTENTS)
