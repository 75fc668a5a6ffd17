"""The index of decisions has each of them, under its own title, with a date and a status."""

import re
from datetime import date
from pathlib import Path

ADR = Path(__file__).parents[2] / "docs" / "adr"
ROW = re.compile(r"^\| (\d+) \| \[(.+)\]\((.+)\) \| ([\d-]+) \| (.+) \|$", re.MULTILINE)
STATUS = re.compile(r"proposed|accepted(?:; .+)?|superseded by (\d+)")
ROWS = ROW.findall((ADR / "README.md").read_text("utf-8"))


def test_each_decision_has_one_row_in_the_order_of_their_numbers():
    pages = sorted(page.name for page in ADR.glob("[0-9]*.md"))
    assert [file for _, _, file, _, _ in ROWS] == pages
    assert [int(number) for number, *_ in ROWS] == list(range(1, len(pages) + 1))


def test_a_row_says_what_its_page_says():
    for number, title, file, _, _ in ROWS:
        heading, _, quote, *_ = (ADR / file).read_text("utf-8").splitlines()
        assert heading == f"# {number}. {title}"
        assert file.startswith(f"{int(number):04}-")
        assert quote.startswith("> ")


def test_a_decision_has_a_day_and_stands_or_names_what_took_its_place():
    days = [date.fromisoformat(day) for *_, day, _ in ROWS]
    assert days == sorted(days)
    for number, _, _, _, status in ROWS:
        assert STATUS.fullmatch(status), number
        for other in re.findall(r"superseded by (\d+)", status):
            assert int(number) < int(other) <= len(ROWS)
