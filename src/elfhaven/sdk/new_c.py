# SPDX-License-Identifier: BSD-2-Clause
"""The files of a new project of a TA in C; see new.py."""

_PROTO = '''"""What client and TA agree on; proto.h says it to the TA."""

UUID = "$uuid"

INCREMENT = 0  # one value, in and out: a becomes a + 1
GREET = 1  # a name; room for the greeting
'''

_PROTO_H = """// What client and TA agree on; proto.py says it to the client.
#pragma once

#define INCREMENT 0 // one value, in and out: a becomes a + 1
#define GREET 1     // a name; room for the greeting
"""

_HEADER = """// What OP-TEE wants to know of the TA.
#pragma once

#define TA_UUID $c_uuid // $uuid
#define TA_FLAGS 0 // an instance for every session; see user_ta_header.h for others
#define TA_STACK_SIZE 4096
#define TA_DATA_SIZE 32768 // the heap
#define TA_VERSION "0.1.0"
#define TA_DESCRIPTION "$name"
"""

_TA = """// The TA: what runs inside.
#include <string.h>
#include <tee_internal_api.h>
#include <tee_internal_api_extensions.h>

#include "proto.h"

TEE_Result TA_CreateEntryPoint(void) { return TEE_SUCCESS; }

void TA_DestroyEntryPoint(void) {}

TEE_Result TA_OpenSessionEntryPoint(uint32_t types, TEE_Param params[4], void **session) {
    (void)types, (void)params, (void)session;
    return TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *session) { (void)session; }

static TEE_Result increment(uint32_t types, TEE_Param params[4]) {
    if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INOUT, 0, 0, 0))
        return TEE_ERROR_BAD_PARAMETERS;
    IMSG("increment %u", params[0].value.a);
    params[0].value.a++;
    return TEE_SUCCESS;
}

static TEE_Result greet(uint32_t types, TEE_Param params[4]) {
    static const char hello[] = "Hello, ";
    if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_INPUT, TEE_PARAM_TYPE_MEMREF_OUTPUT, 0, 0))
        return TEE_ERROR_BAD_PARAMETERS;
    size_t name = params[0].memref.size, room = params[1].memref.size;
    if (name > 1024)
        return TEE_ERROR_EXCESS_DATA;
    params[1].memref.size = sizeof hello - 1 + name;
    if (room < params[1].memref.size)
        return TEE_ERROR_SHORT_BUFFER;
    memcpy(params[1].memref.buffer, hello, sizeof hello - 1);
    memcpy((char *)params[1].memref.buffer + sizeof hello - 1, params[0].memref.buffer, name);
    return TEE_SUCCESS;
}

TEE_Result TA_InvokeCommandEntryPoint(void *session, uint32_t command, uint32_t types, TEE_Param params[4]) {
    (void)session;
    switch (command) {
    case INCREMENT:
        return increment(types, params);
    case GREET:
        return greet(types, params);
    default:
        return TEE_ERROR_NOT_SUPPORTED;
    }
}
"""

_CLIENT = '''"""The client: what runs outside. TARGET is "emulator", or "qemu" for the real OP-TEE."""

import sys
from pathlib import Path

from elfhaven.client import Context, MemRef, Value
from elfhaven.sdk.c_ta import images
from proto import GREET, INCREMENT, UUID


def main(number: str = "41", target: str = "emulator") -> None:
    with Context(target, images=images(Path(__file__).parent)) as tee, tee.open_session(UUID) as session:
        (value,) = session.invoke(INCREMENT, Value.inout(int(number)))
        (_, text) = session.invoke(GREET, MemRef.input(b"world"), MemRef.output(64))
        print(f"{number} + 1 = {value.a}; {text.decode()}")


if __name__ == "__main__":
    main(*sys.argv[1:])
'''

_CONFTEST = '''"""The TA is built once for all tests. `console` is a fixture of elfhaven.testing."""

from pathlib import Path

import pytest
from elfhaven.client import Context
from elfhaven.sdk.c_ta import images
from proto import UUID


@pytest.fixture(scope="session")
def built():
    return images(Path(__file__).parents[1])


@pytest.fixture
def tee(built, tmp_path):
    with Context(images=built, state=tmp_path / "device") as context:
        yield context


@pytest.fixture
def session(tee):
    with tee.open_session(UUID) as opened:
        yield opened
'''

TESTS = """import pytest
from elfhaven.client import BadParameters, MemRef, ShortBuffer, Value
from proto import GREET, INCREMENT


def test_increment(session):
    (value,) = session.invoke(INCREMENT, Value.inout(41))
    assert value.a == 42


def test_greet(session):
    assert session.invoke(GREET, MemRef.input(b"you"), MemRef.output(64)) == [None, b"Hello, you"]


def test_a_buffer_that_is_too_small(session):
    with pytest.raises(ShortBuffer) as caught:
        session.invoke(GREET, MemRef.input(b"you"), MemRef.output(3))
    assert caught.value.sizes == (None, 10)
"""  # of either kind of project

_TEST = f'''"""Tests of the TA, from a client's side."""

{TESTS}

def test_wrong_types(session):
    with pytest.raises(BadParameters):
        session.invoke(INCREMENT, Value(41))
'''

_SETTINGS = """[project]
name = "$name"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["elfhaven", "ziglang==0.17.0"]

[tool.elfhaven.c]
uuid = "$uuid"
sources = ["ta.c"]

[tool.pytest.ini_options]
pythonpath = ["."]
testpaths = ["tests"]
"""

_README = """# $name
A Trusted Application in C, and a client for it in Python. ziglang alone builds it, against the headers and
libraries of OP-TEE's TA dev kit, which are fetched from Debian's archive at first use.

    elfhaven ta run                 builds the TA and runs client.py, on the emulator
    elfhaven ta run -- 41 qemu      the same on the real OP-TEE under QEMU
    elfhaven ta test                runs tests/
    elfhaven ta pack                writes the signed <uuid>.ta

`ta.c` is the TA, `user_ta_header_defines.h` what OP-TEE wants to know of it ($uuid), `proto.h` and
`proto.py` what both sides agree on.
"""

FILES = {
    "proto.py": _PROTO,
    "proto.h": _PROTO_H,
    "user_ta_header_defines.h": _HEADER,
    "ta.c": _TA,
    "client.py": _CLIENT,
    "tests/conftest.py": _CONFTEST,
    "tests/test_ta.py": _TEST,
    "pyproject.toml": _SETTINGS,
    "README.md": _README,
}
