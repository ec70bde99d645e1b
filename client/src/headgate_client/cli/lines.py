"""Lines of a text file, and where they end: an upload goes on behind any of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from headgate_client.cli.problems import Problem

_MARKS = (b"\xff\xfe", b"\xfe\xff")
UTF16 = "the file is UTF-16; save it as UTF-8 first, for example with: iconv -f UTF-16 -t UTF-8"


class Lines:
    """The lines of a binary file as text, with a count of lines and bytes."""

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        try:
            newline = "\n".encode(encoding)
        except LookupError:
            raise Problem(f"--encoding {encoding} is no encoding; try utf-8, cp1252 or latin-1") from None
        if not newline.endswith(b"\n") or len("\n".encode(encoding.removesuffix("-sig"))) > 1:
            raise Problem(f"--encoding {encoding} cannot be read line by line; save the file as UTF-8 first")
        self._file = file
        self._encoding = encoding
        self.encoding = encoding.removesuffix("-sig")
        self.number = 0
        self.position = 0
        #: whether a line since the last look was no text in this encoding
        self.broken = False

    def __iter__(self) -> Iterator[str]:
        for line in self._file:
            self.number += 1
            self.position += len(line)
            # the mark at the beginning of a file is no part of any other line
            encoding = self._encoding if self.number == 1 else self.encoding
            if self.number == 1:
                require_bytes(line)
            try:
                yield line.decode(encoding)
            except UnicodeDecodeError:
                self.broken = True
                yield line.decode(encoding, "replace")

    def seek(self, lines: int, position: int) -> None:
        """Go on behind so many lines and bytes."""
        self._file.seek(position)
        self.number, self.position = lines, position
        self.broken = False


def require_bytes(line: bytes) -> None:
    """Raise `Problem` where a file begins as no text of single bytes does."""
    if line.startswith(_MARKS):
        raise Problem(UTF16)
