# SPDX-License-Identifier: BSD-2-Clause
"""A normal world that changes files, swaps them or puts older copies back: a TA never reads what it did not
write."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from elfhaven.abi.gp import (
    TEE_ERROR_CORRUPT_OBJECT,
    TEE_ERROR_ITEM_NOT_FOUND,
    TEE_ERROR_OUT_OF_MEMORY,
    TEE_ERROR_SECURITY,
)
from elfhaven.secure.result import TeeResult
from elfhaven.secure.storage.anchor import CounterAnchor
from elfhaven.secure.storage.layout import DIRECTORY

from .fake_files import OTHER, TA, THREAD, MemoryFiles, Objects, ree_fs

DATA = bytes(n % 253 for n in range(6000))
Content = dict[str, bytearray]


def code_of(action: Callable[[], object]) -> int:
    with pytest.raises(TeeResult) as caught:
        action()
    return caught.value.code


def outcome(objects: Objects, name: bytes) -> bytes | int:
    """What is read, or the result instead."""
    try:
        return objects.get(name)
    except TeeResult as error:
        return error.code


def written() -> MemoryFiles:
    """Two objects of one TA, one of another; the first one changed once."""
    files = MemoryFiles()
    objects = Objects(ree_fs(files))
    objects.put(b"one", DATA[:5000])
    objects.put(b"two", b"2" * 6000)
    objects.put(b"one", b"hers", OTHER)
    objects.write(b"one", 0, DATA)
    return files


def places(size: int) -> list[int]:
    """Every byte of heads and nodes, and some of the blocks."""
    return [*range(136), *range(4096, 4096 + 4 * 66), *range(8192, size, 389)]


def test_every_region_of_an_object() -> None:
    files = written()
    seen = {"whole": 0, "corrupt": 0}
    for at in places(len(files.content["0"])):
        content = files.copy()
        content["0"][at] ^= 1 << at % 8
        found = outcome(Objects(ree_fs(MemoryFiles(content))), b"one")
        assert found in (DATA, TEE_ERROR_CORRUPT_OBJECT), f"byte {at}"
        seen["whole" if found == DATA else "corrupt"] += 1  # whole: of the version that does not hold
        assert Objects(ree_fs(MemoryFiles(content))).get(b"two") == b"2" * 6000
    assert seen["whole"] > 50
    assert seen["corrupt"] > 50


def test_every_region_of_the_directory() -> None:
    files = written()
    corrupt = 0
    for at in places(len(files.content[DIRECTORY])):
        content = files.copy()
        content[DIRECTORY][at] ^= 1 << at % 8
        objects = Objects(ree_fs(MemoryFiles(content)))
        found = outcome(objects, b"one")
        if found == DATA:
            continue
        assert found in (TEE_ERROR_CORRUPT_OBJECT, TEE_ERROR_SECURITY), f"byte {at}"
        assert DIRECTORY not in content  # as OP-TEE does: all is lost, and begins anew
        assert outcome(objects, b"one") == TEE_ERROR_ITEM_NOT_FOUND
        objects.put(b"one", b"new")
        assert objects.get(b"one") == b"new"
        corrupt += 1
    assert corrupt > 50


@pytest.mark.parametrize("end", [0, 68, 136, 4096, 4162, 8192, 12000])
def test_cut_files(end: int) -> None:
    for name, read in (("0", b"one"), (DIRECTORY, b"one")):
        content = written().copy()
        del content[name][end:]
        code = code_of(lambda: Objects(ree_fs(MemoryFiles(content))).get(read))  # noqa: B023
        assert code in (TEE_ERROR_CORRUPT_OBJECT, TEE_ERROR_SECURITY)


def test_files_swapped_and_taken_away() -> None:
    for other in ("1", "2", DIRECTORY):
        content = written().copy()
        content["0"], content[other] = content[other], content["0"]
        objects = Objects(ree_fs(MemoryFiles(content)))
        assert code_of(lambda: objects.get(b"one")) == TEE_ERROR_CORRUPT_OBJECT  # noqa: B023
    content = written().copy()
    del content["0"]
    assert code_of(lambda: Objects(ree_fs(MemoryFiles(content))).get(b"one")) == TEE_ERROR_CORRUPT_OBJECT


def test_an_older_copy_of_one_file() -> None:
    files = MemoryFiles()
    objects = Objects(ree_fs(files))
    objects.put(b"one", b"old")
    older = files.copy()
    for round_ in range(3):
        objects.write(b"one", 0, b"new%d" % round_)
        content = files.copy() | {"0": bytearray(older["0"])}
        code = code_of(lambda: Objects(ree_fs(MemoryFiles(content))).get(b"one"))  # noqa: B023
        assert code == TEE_ERROR_CORRUPT_OBJECT


def test_an_older_copy_of_everything() -> None:
    """Believed where nothing anchors it, which is so in Debian's build; noticed by a monotonic counter."""
    files, anchor = MemoryFiles(), CounterAnchor()
    objects = Objects(ree_fs(files, anchor=anchor))
    objects.put(b"one", b"old")
    older = files.copy()
    objects.put(b"one", b"new")
    assert Objects(ree_fs(MemoryFiles({n: bytearray(d) for n, d in older.items()}))).get(b"one") == b"old"
    rolled_back = Objects(ree_fs(MemoryFiles(older), anchor=anchor))
    assert code_of(lambda: rolled_back.get(b"one")) == TEE_ERROR_SECURITY
    assert DIRECTORY in older  # what is anchored is not removed
    assert code_of(lambda: Objects(ree_fs(MemoryFiles({}), anchor=anchor)).get(b"one")) == TEE_ERROR_SECURITY
    assert Objects(ree_fs(files, anchor=anchor)).get(b"one") == b"new"


def test_another_device_cannot_read() -> None:
    content = written().copy()
    objects = Objects(ree_fs(MemoryFiles(content), huk=bytes(16)))
    assert code_of(lambda: objects.get(b"one")) == TEE_ERROR_CORRUPT_OBJECT


def test_nothing_shows() -> None:
    files = MemoryFiles()
    Objects(ree_fs(files)).put(b"a name that is long", b"a secret that must not show" * 9)
    stored = b"".join(bytes(data) for data in files.content.values())
    assert b"secret" not in stored
    assert b"long" not in stored
    assert TA.bytes_le not in stored


def test_owners_see_their_own() -> None:
    objects = Objects(ree_fs(written()))
    assert objects.names() == [b"one", b"two"]
    assert objects.names(OTHER) == [b"one"]
    assert objects.get(b"one", OTHER) == b"hers"


def test_nodes_beyond_the_heap() -> None:
    files = MemoryFiles()
    objects = Objects(ree_fs(files, nodes=4))
    objects.put(b"fits", b"x" * 4 * 4096)
    assert code_of(lambda: objects.put(b"does not", b"x" * (4 * 4096 + 1))) == TEE_ERROR_OUT_OF_MEMORY
    assert objects.names() == [b"fits"]
    handle = objects.open(b"fits")
    assert code_of(lambda: objects.fs.write(THREAD, handle, 4 * 4096, b"y")) == TEE_ERROR_OUT_OF_MEMORY
    assert code_of(lambda: objects.fs.read(THREAD, handle, 0, 1)) == TEE_ERROR_CORRUPT_OBJECT  # it is broken
    objects.fs.close(THREAD, handle)
    assert objects.get(b"fits") == b"x" * 4 * 4096
