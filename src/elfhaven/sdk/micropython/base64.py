# SPDX-License-Identifier: BSD-2-Clause
import binascii


def b64encode(data):
    return binascii.b2a_base64(data)[:-1]


def b64decode(text):
    return binascii.a2b_base64(text)
