# SPDX-License-Identifier: BSD-2-Clause
"""Drawings that the model has not seen, and the script that made it."""

import numpy as np
import pytest
import train
import weights
from client import classify
from digits import drawings
from network import FIRST, SECOND, scores

from elfhaven.client import BadParameters


def test_drawings_are_read(session):
    pictures, labels = drawings(400, seed=99)
    read = [classify(session, picture.tobytes()) for picture in pictures]
    assert np.mean([digit == label for (digit, _), label in zip(read, labels, strict=True)]) > 0.97
    assert all(digit == found.index(max(found)) for digit, found in read)


def test_the_network_computes_what_numpy_does():
    pictures, _ = drawings(20, seed=5)
    hidden = np.maximum(train.halved(pictures) @ np.array(FIRST).T + weights.BIAS1, 0) >> weights.SHIFT
    expected = hidden @ np.array(SECOND).T + weights.BIAS2
    assert [scores(picture.tobytes()) for picture in pictures] == expected.tolist()


def test_training_learns():
    """A short one: a tenth of the drawings, a few rounds."""
    made = train.whole(train.train(*drawings(1000, seed=1), epochs=12))
    w1, b1, w2, b2, shift = made
    pictures, labels = drawings(200, seed=2)
    found = ((np.maximum(train.halved(pictures) @ w1 + b1, 0) >> shift) @ w2 + b2).argmax(1)
    assert np.mean(found == labels) > 0.85
    assert "FIRST = bytes.fromhex(" in train.written(made)


def test_no_picture(session):
    with pytest.raises(BadParameters):
        classify(session, bytes(100))
