"""Contact sheets as PDF 1.4 (ISO 32000): JPEGs in a grid, each above a line of text.

A JPEG is put in as it is (``DCTDecode``), the texts are in one of the fonts that every reader has. So a document is its
pictures, a few hundred bytes for each, and a table of where what stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

_PAGE: Final = (595, 842)
"""A4 in points, 72 of which are an inch."""
_MARGIN: Final = 36
_HEAD: Final = 34
"""Room for the title and the line below it."""
_COLUMNS: Final = 4
_GAP: Final = 9
_CAPTION: Final = 12
_WIDTH: Final = (_PAGE[0] - 2 * _MARGIN - (_COLUMNS - 1) * _GAP) / _COLUMNS
_TALLEST: Final = 2.0
"""Of a picture that is taller in proportion to its width, less of the cell is wide."""
_LETTERS: Final = 90
"""More of a title would leave the page."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A JPEG, its sides in pixels, and the line below it."""

    jpeg: bytes
    width: int
    height: int
    caption: str


def contact_sheet(title: str, subtitle: str, tiles: Sequence[Tile]) -> bytes:
    """Return a document of these pictures, in rows of four from the top of the first page on."""
    document = _Document()
    height = _WIDTH * min(_TALLEST, max(tile.height / tile.width for tile in tiles))
    rows = max(1, int((_PAGE[1] - 2 * _MARGIN - _HEAD + _GAP) // (height + _CAPTION + _GAP)))
    each = rows * _COLUMNS
    pages = [tiles[at : at + each] for at in range(0, len(tiles), each)]
    for number, page in enumerate(pages, start=1):
        head = [_text(_MARGIN, _PAGE[1] - _MARGIN - 11, 12, title[:_LETTERS])]
        head.append(_text(_MARGIN, _PAGE[1] - _MARGIN - 25, 8, f"{subtitle}  -  {number}/{len(pages)}"))
        names = [document.picture(tile) for tile in page]
        drawn = [_drawn(place, tile, height) for place, tile in enumerate(page)]
        document.page("\n".join([*head, *drawn]), names)
    return document.end(title)


def _drawn(place: int, tile: Tile, height: float) -> str:
    """Draw a picture in the middle of its cell, which is as high as the tallest one, and its line below."""
    row, column = divmod(place, _COLUMNS)
    left = _MARGIN + column * (_WIDTH + _GAP)
    bottom = _PAGE[1] - _MARGIN - _HEAD - row * (height + _CAPTION + _GAP) - height
    scale = min(_WIDTH / tile.width, height / tile.height)
    wide, high = tile.width * scale, tile.height * scale
    x, y = left + (_WIDTH - wide) / 2, bottom + (height - high) / 2
    picture = f"q {wide:.2f} 0 0 {high:.2f} {x:.2f} {y:.2f} cm /P{place} Do Q"
    return f"{picture}\n{_text(left, bottom - 9, 7, tile.caption)}"


def _text(x: float, y: float, size: int, text: str) -> str:
    """Write a line in the font's own letters, those of Western Europe; of others a question mark is left."""
    return f"BT /F {size} Tf {x:.2f} {y:.2f} Td <{text.encode('cp1252', 'replace').hex()}> Tj ET"


@final
class _Document:
    """Objects by their numbers, and where each begins: catalogue, pages and font are the first three."""

    _PAGES: Final = 2
    _FONT: Final = 3

    def __init__(self) -> None:
        self._data = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
        self._places: dict[int, int] = {}
        self._next = self._FONT
        self._pages: list[int] = []
        self._add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")

    def picture(self, tile: Tile) -> int:
        """Add a picture; return its number."""
        head = (
            f"<< /Type /XObject /Subtype /Image /Width {tile.width} /Height {tile.height} /ColorSpace /DeviceRGB "
            f"/BitsPerComponent 8 /Filter /DCTDecode /Length {len(tile.jpeg)} >>"
        )
        return self._add(head, tile.jpeg)

    def page(self, content: str, pictures: Sequence[int]) -> None:
        """Add a page that draws these, by their places on it."""
        drawn = self._add(f"<< /Length {len(content)} >>", content.encode("ascii"))
        named = " ".join(f"/P{place} {number} 0 R" for place, number in enumerate(pictures))
        resources = f"<< /Font << /F {self._FONT} 0 R >> /XObject << {named} >> >>"
        box = f"[0 0 {_PAGE[0]} {_PAGE[1]}]"
        page = (
            f"<< /Type /Page /Parent {self._PAGES} 0 R /MediaBox {box} /Resources {resources} /Contents {drawn} 0 R >>"
        )
        self._pages.append(self._add(page))

    def end(self, title: str) -> bytes:
        """Return it whole, with its title in any letters."""
        kids = " ".join(f"{number} 0 R" for number in self._pages)
        self._put(1, f"<< /Type /Catalog /Pages {self._PAGES} 0 R >>")
        self._put(self._PAGES, f"<< /Type /Pages /Kids [{kids}] /Count {len(self._pages)} >>")
        info = self._add(f"<< /Title <feff{title.encode('utf-16-be', 'replace').hex()}> /Producer (FIAP X) >>")
        begins_at, count = len(self._data), self._next
        self._data += f"xref\n0 {count}\n0000000000 65535 f \n".encode()
        self._data += "".join(f"{self._places[number]:010} 00000 n \n" for number in range(1, count)).encode()
        self._data += f"trailer\n<< /Size {count} /Root 1 0 R /Info {info} 0 R >>\nstartxref\n{begins_at}\n".encode()
        self._data += b"%%EOF\n"
        return bytes(self._data)

    def _add(self, head: str, stream: bytes | None = None) -> int:
        number, self._next = self._next, self._next + 1
        self._put(number, head, stream)
        return number

    def _put(self, number: int, head: str, stream: bytes | None = None) -> None:
        self._places[number] = len(self._data)
        self._data += f"{number} 0 obj\n{head}\n".encode()
        if stream is not None:
            self._data += b"stream\n" + stream + b"\nendstream\n"
        self._data += b"endobj\n"
