# SPDX-License-Identifier: BSD-2-Clause
"""The table of `elfhaven explain`: a row for every TEE_Result that has a name (abi/gp.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from elfhaven.abi import gp


class Row(NamedTuple):
    """What a code means, its usual causes with the situation first, and the fix."""

    means: str
    causes: tuple[str, ...]
    fix: str


ORIGINS: Final = (
    "1 (API): the client library itself, before anything was sent",
    "2 (COMMS): the way to the TEE: the driver, the supplicant, memory for the call",
    "3 (TEE): OP-TEE's core: loading, sessions, a TA that died",
    "4 (TRUSTED_APP): the TA, which returned it from an entry point",
)

ROWS: Final[Mapping[int, Row]] = {
    gp.TEE_SUCCESS: Row("it worked", ("nothing failed",), "nothing is to be done"),
    gp.TEE_ERROR_GENERIC: Row(
        "something failed, and there is no better word",
        (
            "opening a session: the loader asserts what the ELF does not keep; the console names it",
            "in a TA: its own code returns it, or TA_CreateEntryPoint failed",
        ),
        "read the secure console; `elfhaven ta show FILE.ta` checks the file by the loader's rules",
    ),
    gp.TEE_ERROR_ACCESS_DENIED: Row(
        "the caller may not do this",
        (
            "opening a session: a pseudo TA that serves TAs only, or a login that the TA does not accept",
            "in a call: a pointer to memory that the TA may not use so; or one that is not for secrets",
        ),
        "check who calls (login method), and that each buffer is the TA's own and writable",
    ),
    gp.TEE_ERROR_CANCEL: Row(
        "the operation was cancelled",
        ("the client asked for it", "the time limit of a call between TAs is up", "TEE_Wait was interrupted"),
        "nothing, if it was wanted; else mask cancellation in the TA or give more time",
    ),
    gp.TEE_ERROR_ACCESS_CONFLICT: Row(
        "what is asked for conflicts with what is there",
        (
            "opening a session: the TA's version is lower than one that ran on this device",
            "storage: the object exists, or another handle holds it without sharing",
            "memory: the wanted address is taken",
        ),
        "raise the TA's version; open with sharing flags or TEE_DATA_FLAG_OVERWRITE; close the other handle",
    ),
    gp.TEE_ERROR_EXCESS_DATA: Row(
        "more data was given than the operation takes",
        ("the client gives more than the message or file can have",),
        "give less, or in parts",
    ),
    gp.TEE_ERROR_BAD_FORMAT: Row(
        "the data have the wrong form",
        (
            "opening a session: no ELF that the loader takes, or a relocation that it does not know",
            "properties: the property is of another type than the one asked for",
        ),
        "build with OP-TEE's TA dev kit or `elfhaven pack`; ask for a property as what it is",
    ),
    gp.TEE_ERROR_BAD_PARAMETERS: Row(
        "the parameters are wrong",
        (
            "number or types of the parameters are not what the command expects",
            "a session or handle that is not open",
            "a shared memory reference outside its buffer",
        ),
        "compare TEE_PARAM_TYPES on both sides, and the sizes",
    ),
    gp.TEE_ERROR_BAD_STATE: Row(
        "not in this state",
        (
            "an operation without a key, or one that was not initialised or is finished",
            "an object that is already (or not yet) populated",
        ),
        "follow the order of the API: allocate, set the key, init, update, final, reset",
    ),
    gp.TEE_ERROR_ITEM_NOT_FOUND: Row(
        "what was asked for is not there",
        (
            "opening a session: no store holds <uuid>.ta, or a library that the TA needs",
            "loading: a symbol that no image defines",
            "storage: no object of that name for this TA",
            "an attribute or property that there is not",
        ),
        "`elfhaven ta list` shows the store, `elfhaven ta install FILE.ta` adds to it; check the UUID",
    ),
    gp.TEE_ERROR_NOT_IMPLEMENTED: Row(
        "this TEE does not have it",
        ("a pseudo TA has no such command", "a storage id or algorithm that was left out of the build"),
        "check the command's number, or the build's configuration",
    ),
    gp.TEE_ERROR_NOT_SUPPORTED: Row(
        "not supported",
        (
            "an algorithm, key size or type that the TEE does not know",
            "opening a session: a 32-bit TA, or a segment that cannot be read",
            "the RPC of a feature that the supplicant does not serve",
        ),
        "ask TEE_IsAlgorithmSupported first; build the TA for AArch64",
    ),
    gp.TEE_ERROR_NO_DATA: Row(
        "data were expected and none came", ("the other side sent nothing",), "send something, or do not ask"
    ),
    gp.TEE_ERROR_OUT_OF_MEMORY: Row(
        "no memory is left",
        (
            "opening a session: the TA with its heap and stack is larger than what is free of secure memory",
            "in a TA: its heap (TA_DATA_SIZE) is used up",
            "a call: too many or too large buffers are shared at once",
        ),
        "lower the TA's heap, close other sessions, or take a target with the large profile (--memory large)",
    ),
    gp.TEE_ERROR_BUSY: Row(
        "it is in use",
        (
            "opening a session: a single instance TA that is not for several sessions has one",
            "a call between TAs would wait for itself",
        ),
        "close the other session, or set TA_FLAG_MULTI_SESSION",
    ),
    gp.TEE_ERROR_COMMUNICATION: Row(
        "the TEE, or the other end, cannot be reached",
        ("the driver or the supplicant does not answer", "a TA's socket: the server refuses"),
        "see whether the target runs (`elfhaven doctor`), and whether the server listens",
    ),
    gp.TEE_ERROR_SECURITY: Row(
        "a security check failed",
        (
            "opening a session: the TA is not signed by a key that the device trusts, or was changed since",
            "opening a session: the file is stored under another UUID than it is signed for",
            "a chain of subkeys that does not hold, or an older subkey",
            "an encrypted TA for another device's key",
        ),
        "`elfhaven ta show FILE.ta` names signer and UUID; sign it with a trusted key, or trust its key",
    ),
    gp.TEE_ERROR_SHORT_BUFFER: Row(
        "the buffer is too small for the answer",
        ("the size that came back is what it takes",),
        "ask again with a buffer of that size",
    ),
    gp.TEE_ERROR_EXTERNAL_CANCEL: Row(
        "something outside the TEE cancelled the operation",
        ("the client or its system went away",),
        "try again",
    ),
    gp.TEE_ERROR_OVERFLOW: Row(
        "a number does not fit",
        ("a position beyond what an object can have", "a time after 2106"),
        "use smaller numbers",
    ),
    gp.TEE_ERROR_TARGET_DEAD: Row(
        "the TA is dead",
        (
            "it panicked: it broke a rule of the API (TEE_Panic), and the console shows the code",
            "it faulted: the console shows address, registers and call stack",
            "it died in an earlier call: every session of the instance stays dead",
        ),
        "read the secure console; open a new session for a fresh instance",
    ),
    gp.TEE_ERROR_STORAGE_NO_SPACE: Row(
        "trusted storage is full", ("the file system or the RPMB partition has no room",), "delete objects"
    ),
    gp.TEE_ERROR_CORRUPT_OBJECT: Row(
        "a stored object is damaged",
        (
            "a file of the storage directory was changed, cut or put back from an older copy",
            "the storage was written under another key (HUK)",
        ),
        "`elfhaven storage verify DIR` tells what does not hold; restore it whole, or delete the object",
    ),
    gp.TEE_ERROR_STORAGE_NOT_AVAILABLE: Row(
        "trusted storage cannot be reached",
        (
            "no supplicant runs, or it may not use its directory",
            "the storage id needs RPMB and there is none",
        ),
        "start the supplicant, check its directory; use TEE_STORAGE_PRIVATE",
    ),
    gp.TEE_ERROR_CIPHERTEXT_INVALID: Row(
        "what is to be deciphered is no ciphertext",
        ("the padding does not hold: other data, another key, or another padding than the sender's",),
        "compare algorithm, padding and key with the sender's",
    ),
    gp.TEE_ERROR_MAC_INVALID: Row(
        "a MAC does not hold",
        ("the data, the tag, the nonce or the key is another one",),
        "compare them with the sender's; both ends must use the same tag length",
    ),
    gp.TEE_ERROR_SIGNATURE_INVALID: Row(
        "a signature does not hold",
        ("other data, another key, or other padding or salt than the signer's",),
        "compare algorithm and digest with the signer's",
    ),
    gp.TEE_ERROR_TIME_NOT_SET: Row(
        "the TA's time was never set",
        ("first use on this device, or since it was switched on",),
        "call TEE_SetTAPersistentTime once",
    ),
    gp.TEE_ERROR_TIME_NEEDS_RESET: Row(
        "the stored time cannot be trusted any more", ("the clock ran backwards",), "set it again"
    ),
    gp.TEE_ISOCKET_ERROR_PROTOCOL: Row(
        "the protocol below failed", ("the connection is broken",), "close the socket and open it again"
    ),
    gp.TEE_ISOCKET_ERROR_REMOTE_CLOSED: Row(
        "the other end has closed the connection", ("the server is done, or went away",), "open it again"
    ),
    gp.TEE_ISOCKET_ERROR_TIMEOUT: Row(
        "nothing happened in the given time", ("the server is slow or cannot be reached",), "give more time"
    ),
    gp.TEE_ISOCKET_ERROR_OUT_OF_RESOURCES: Row(
        "no socket is to be had", ("too many are open",), "close those that are not needed"
    ),
    gp.TEE_ISOCKET_ERROR_LARGE_BUFFER: Row(
        "the buffer is larger than the protocol takes", ("a datagram has a limit",), "send less at once"
    ),
    gp.TEE_ISOCKET_WARNING_PROTOCOL: Row(
        "the protocol below warns", ("data may have been lost",), "ask the socket for its error"
    ),
    gp.TEE_ISOCKET_ERROR_HOSTNAME: Row(
        "the server's name cannot be resolved",
        ("the name is wrong, or the normal world has no name service",),
        "try its address",
    ),
}
