# SPDX-License-Identifier: BSD-2-Clause
"""Our numbers and layouts against the headers of OP-TEE's TA dev kit: a C compiler asserts every one."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

import pytest

from elfhaven.abi import elf, gp, gp_crypto, ta_image, utee
from elfhaven.calls.utee import UTEE
from elfhaven.errors import PackageError
from elfhaven.sdk import c_ta
from elfhaven.secure.pta import device, rng

HEADERS = """
#include <elf.h>
#include <link.h>
#include <pta_attestation.h>
#include <pta_device.h>
#include <pta_rng.h>
#include <pta_secstor_ta_mgmt.h>
#include <pta_socket.h>
#include <pta_stats.h>
#include <pta_system.h>
#include <tee_internal_api.h>
#include <tee_internal_api_extensions.h>
#include <tee_isocket.h>
#include <tee_syscall_numbers.h>
#include <tee_tcpsocket.h>
#include <__tee_tcpsocket_defines_extensions.h>
#include <tee_udpsocket.h>
#include <user_ta_header.h>
#include <utee_types.h>
#include "%s/host_include/signed_hdr.h"
"""
OF_CORE_ALONE = {  # numbers of the core or of drafts, which the kit's headers do not have
    "TEE_USAGE_DEFAULT",
    "OPTEE_ATTR_EPHEMERAL_X",
    "OPTEE_ATTR_EPHEMERAL_Y",
    "OPTEE_ATTR_HKDF_SALT",
    "OPTEE_ATTR_HKDF_INFO",
}
RENAMED = {  # ours: the kit's
    "PROP_BOOL": "USER_TA_PROP_TYPE_BOOL",
    "PROP_U32": "USER_TA_PROP_TYPE_U32",
    "PROP_UUID": "USER_TA_PROP_TYPE_UUID",
    "PROP_IDENTITY": "USER_TA_PROP_TYPE_IDENTITY",
    "PROP_STRING": "USER_TA_PROP_TYPE_STRING",
    "PROP_BINARY": "USER_TA_PROP_TYPE_BINARY_BLOCK",
    "PROP_U64": "USER_TA_PROP_TYPE_U64",
    "DERIVED_KEY_MIN": "TA_DERIVED_KEY_MIN_SIZE",
    "DERIVED_KEY_MAX": "TA_DERIVED_KEY_MAX_SIZE",
    "DERIVED_KEY_MAX_EXTRA": "TA_DERIVED_EXTRA_DATA_MAX_SIZE",
    "SCN_LIVE_MAX": "TEE_SCN_CRYP_OBJ_GENERATE_KEY",
    "SCN_CACHE_OPERATION": "TEE_SCN_CACHE_OPERATION",
    "ENC_KEY_CLASS_WIDE": "SHDR_ENC_KEY_CLASS_WIDE",
}
OWN_ELF = {  # of ours alone, and younger than the kit's headers
    *("MAGIC", "OWN_TABLES", "PAGE", "PN_XNUM", "PT_GNU_RELRO", "STT_GNU_IFUNC"),
    *("DT_RELR", "DT_RELRSZ", "R_AARCH64_IRELATIVE"),
}
NO_MACRO = {"STACK_ALIGNMENT", "DEPR_ENTRY"}  # rules that the headers say in words or in code
LAYOUTS = (
    (utee.PARAMS, "struct utee_params", ("types", *(f"vals[{i}]" for i in range(8)))),
    (utee.ATTRIBUTE, "struct utee_attribute", ("a", "b", "attribute_id")),
    (
        utee.OBJECT_INFO,
        "struct utee_object_info",
        ("obj_type", "obj_size", "max_obj_size", "obj_usage", "data_size", "data_pos", "handle_flags"),
    ),
    (utee.TIME, "TEE_Time", ("seconds", "millis")),
    (utee.UUID, "TEE_UUID", ("timeLow", "timeMid", "timeHiAndVersion", "clockSeqAndNode")),
    (
        utee.TA_HEAD,
        "struct ta_head",
        (
            *("uuid.timeLow", "uuid.timeMid", "uuid.timeHiAndVersion", "uuid.clockSeqAndNode"),
            *("stack_size", "flags", "depr_entry"),
        ),
    ),
    (utee.PHDR_INFO_HEAD, "struct __elf_phdr_info", ("reserved", "count", "reserved2", "zero", "dlpi")),
    (
        utee.DL_PHDR_INFO,
        "struct dl_phdr_info",
        (
            *("dlpi_addr", "dlpi_name", "dlpi_phdr", "dlpi_phnum", "dlpi_adds", "dlpi_subs"),
            *("dlpi_tls_modid", "dlpi_tls_data"),
        ),
    ),
    (ta_image.SHDR, "struct shdr", ("magic", "img_type", "img_size", "algo", "hash_size", "sig_size")),
    (ta_image.BOOTSTRAP, "struct shdr_bootstrap_ta", ("uuid", "ta_version")),
    (ta_image.ENCRYPTED, "struct shdr_encrypted_ta", ("enc_algo", "flags", "iv_size", "tag_size")),
    (
        ta_image.SUBKEY,
        "struct shdr_subkey",
        ("uuid", "name_size", "subkey_version", "max_depth", "algo", "attr_count"),
    ),
    (ta_image.SUBKEY_ATTR, "struct shdr_subkey_attr", ("id", "offs", "size")),
    (elf.SYM, "Elf64_Sym", ("st_name", "st_info", "st_other", "st_shndx", "st_value", "st_size")),
    (elf.RELA, "Elf64_Rela", ("r_offset", "r_info", "r_addend")),
    (elf.DYN, "Elf64_Dyn", ("d_tag", "d_un.d_val")),
    (
        elf.PHDR,
        "Elf64_Phdr",
        ("p_type", "p_flags", "p_offset", "p_vaddr", "p_paddr", "p_filesz", "p_memsz", "p_align"),
    ),
    (
        elf.SHDR,
        "Elf64_Shdr",
        (
            *("sh_name", "sh_type", "sh_flags", "sh_addr", "sh_offset", "sh_size"),
            *("sh_link", "sh_info", "sh_addralign", "sh_entsize"),
        ),
    ),
)


@pytest.fixture(scope="module")
def kit() -> Path:
    try:
        return c_ta.kit()
    except PackageError as error:
        pytest.skip(f"Debian's archive cannot be had: {error.cause}")


def numbers(module: ModuleType) -> dict[str, int]:
    return {name: value for name, value in vars(module).items() if name.isupper() and isinstance(value, int)}


def holds(kit: Path, lines: Sequence[str]) -> None:
    """Compiles assertions; the compiler names those that fail."""
    with tempfile.TemporaryDirectory() as work:
        Path(work, "check.c").write_text(HEADERS % kit + "\n".join(lines) + "\n")
        told = (*c_ta.COMPILE, *c_ta.headers(kit), "-ferror-limit=0", "-w", "-c", "check.c", "-o", "check.o")
        done = subprocess.run(
            [sys.executable, "-m", "ziglang", "cc", *told],
            cwd=work,
            capture_output=True,
            text=True,
            check=False,
        )
    assert not done.returncode, "\n".join(line for line in done.stderr.splitlines() if "error:" in line)


def equal(name: str, value: int) -> str:
    return f'_Static_assert((unsigned long long)({name}) == {value:#x}ull, "{name} is {value:#x}");'


def offsets(layout: struct.Struct) -> Iterator[int]:
    """Where the fields of a layout begin; padding is none."""
    at = 0
    for count, code in re.findall(r"(\d*)([a-zA-Z])", layout.format):
        if code in "sx":
            if code == "s":
                yield at
            at += int(count or 1)
            continue
        for _ in range(int(count or 1)):
            yield at
            at += struct.calcsize("<" + code)


def test_numbers_of_the_apis(kit: Path) -> None:
    ours = numbers(gp) | numbers(gp_crypto)
    assert len(ours) > 290
    holds(kit, [equal(name, value) for name, value in ours.items() if name not in OF_CORE_ALONE])


def test_numbers_of_the_core(kit: Path) -> None:
    ours = numbers(utee) | numbers(ta_image)
    lines = [equal(RENAMED.get(name, name), value) for name, value in ours.items() if name not in NO_MACRO]
    lines += [equal(f"UTEE_ENTRY_FUNC_{entry.name}", entry) for entry in utee.Entry]
    lines += [equal(f"PTA_SYSTEM_{command.name}", command) for command in utee.SystemCommand]
    lines += [equal(f"SHDR_{kind.name}", kind) for kind in ta_image.ImageType]
    lines += [equal("PTA_CMD_GET_DEVICES", device.GET_DEVICES), equal("PTA_CMD_GET_ENTROPY", rng.GET_ENTROPY)]
    holds(kit, lines)


def test_the_table_of_calls(kit: Path) -> None:
    text = (kit / "include" / "tee_syscall_numbers.h").read_text()
    theirs = set(re.findall(r"define (TEE_SCN_\w+)\s+\d+", text)) - {"TEE_SCN_MAX"}
    live = {name for name in theirs if not name.endswith("DEPRECATED")}
    ours = {f"TEE_SCN_{row.name.upper()}": row.number for row in UTEE.rows}
    assert set(ours) == live
    holds(kit, [equal(name, number) for name, number in ours.items()])


def test_numbers_of_elf(kit: Path) -> None:
    ours = {name: value for name, value in numbers(elf).items() if not name.startswith("PHDR_")}
    lines = [f"#ifdef {name}\n{equal(name, value)}\n#endif" for name, value in ours.items()]
    text = "".join((kit / "include" / name).read_text() for name in ("elf.h", "elf_common.h", "elf64.h"))
    theirs = {name for name in ours if re.search(rf"define\s+{name}\s", text)}
    assert len(theirs) > 60
    assert set(ours) - theirs <= OWN_ELF
    holds(kit, lines)


def test_layouts(kit: Path) -> None:
    lines = ["#define offsetof(type, member) __builtin_offsetof(type, member)"]
    for layout, name, fields in LAYOUTS:
        lines.append(equal(f"sizeof({name})", layout.size))
        lines += [
            equal(f"offsetof({name}, {field})", at) for field, at in zip(fields, offsets(layout), strict=True)
        ]
    holds(kit, lines)


def test_what_is_wrong_is_found(kit: Path) -> None:
    with pytest.raises(AssertionError, match="TEE_ERROR_BUSY is 0x7"):
        holds(kit, [equal("TEE_ERROR_BUSY", 7)])
