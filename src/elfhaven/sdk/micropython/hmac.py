# SPDX-License-Identifier: BSD-2-Clause
def compare_digest(one, other):
    """In a time that tells nothing of where they differ."""
    if isinstance(one, str):
        one, other = one.encode(), other.encode()
    different = len(one) ^ len(other)
    for i in range(len(other)):
        different |= other[i] ^ (one[i] if i < len(one) else 0)
    return not different
