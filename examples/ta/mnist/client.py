# SPDX-License-Identifier: BSD-2-Clause
"""Draws every digit and has it read."""

import struct

from digits import drawings
from proto import CLASSIFY, SIDE, UUID
from ta import Mnist

from elfhaven.client import Context, MemRef, Session, Value

INK = " .:*#"


def classify(session: Session, picture: bytes) -> tuple[int, tuple[int, ...]]:
    """The digit and ten scores."""
    _, digit, scores = session.invoke(CLASSIFY, MemRef.input(picture), Value.output(), MemRef.output(40))
    return digit.a, struct.unpack("<10i", scores)


def shown(picture: bytes) -> str:
    """Every other line, for a terminal."""
    lines = [picture[at : at + SIDE] for at in range(0, SIDE * SIDE, 2 * SIDE)]
    return "\n".join("".join(INK[grey * len(INK) // 256] for grey in line) for line in lines)


if __name__ == "__main__":
    pictures, labels = drawings(20, seed=7)
    with Context(tas=[Mnist]) as tee, tee.open_session(UUID) as session:
        print(shown(pictures[0].tobytes()))
        for picture, label in zip(pictures, labels, strict=True):
            print(f"drawn {label}, read {classify(session, picture.tobytes())[0]}")
