"""Reads a codec's headers bit by bit."""

from typing import Final, final

_LONGEST_CODE: Final = 32


class OutOfBits(Exception):
    """The syntax goes on behind the end."""


@final
class Bits:
    """The bits of some bytes, the highest first."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        """Return the next bits as an unsigned number, u(n).

        :raises OutOfBits: where there are fewer
        """
        self._left -= count
        if self._left < 0:
            raise OutOfBits
        return self._value >> self._left & ((1 << count) - 1)

    def golomb(self) -> int:
        """Return ue(v) (ITU-T H.264, 9.1).

        :raises OutOfBits: where it does not end
        """
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > _LONGEST_CODE:
                raise OutOfBits
        return (1 << zeros) - 1 + self.take(zeros)

    def signed_golomb(self) -> int:
        """Return se(v) (ITU-T H.264, 9.1.1).

        :raises OutOfBits: where it does not end
        """
        code = self.golomb()
        return (code + 1) // 2 if code & 1 else -(code // 2)
