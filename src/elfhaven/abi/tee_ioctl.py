# SPDX-License-Identifier: BSD-2-Clause
"""Linux's TEE device nodes: requests and structures of include/uapi/linux/tee.h.

/dev/tee0 is for clients, /dev/teepriv0 for the one supplicant. A structure with `num_params` is followed by
so many `tee_ioctl_param`; the argument of its request is `tee_ioctl_buf_data`, which says where all of it
lies and how many bytes it takes.
"""

from __future__ import annotations

from typing import Final

from elfhaven.abi.layout import Layout

MAGIC: Final = 0xA4
MAX_ARG_SIZE: Final = 4096  # bytes of a structure with its parameters

# gen_caps
GEN_CAP_GP: Final = 1 << 0  # speaks GlobalPlatform's API
GEN_CAP_PRIVILEGED: Final = 1 << 1  # the supplicant's node
GEN_CAP_REG_MEM: Final = 1 << 2  # a client's own memory can be registered
GEN_CAP_MEMREF_NULL: Final = 1 << 3  # null references are told from empty ones

# impl_id
IMPL_ID_OPTEE: Final = 1
IMPL_ID_AMDTEE: Final = 2
IMPL_ID_TSTEE: Final = 3
IMPL_ID_QTEE: Final = 4
OPTEE_CAP_TZ: Final = 1 << 0  # impl_caps of OP-TEE: it lives in TrustZone

# tee_ioctl_param.attr
ATTR_TYPE_NONE: Final = 0
ATTR_TYPE_VALUE_INPUT: Final = 1
ATTR_TYPE_VALUE_OUTPUT: Final = 2
ATTR_TYPE_VALUE_INOUT: Final = 3
ATTR_TYPE_MEMREF_INPUT: Final = 5
ATTR_TYPE_MEMREF_OUTPUT: Final = 6
ATTR_TYPE_MEMREF_INOUT: Final = 7
ATTR_TYPE_MASK: Final = 0xFF
ATTR_META: Final = 0x100
ATTR_MASK: Final = ATTR_TYPE_MASK | ATTR_META
MEMREF_NULL: Final = (1 << 64) - 1  # as the id of shared memory

# clnt_login
LOGIN_PUBLIC: Final = 0
LOGIN_USER: Final = 1
LOGIN_GROUP: Final = 2
LOGIN_APPLICATION: Final = 4
LOGIN_USER_APPLICATION: Final = 5
LOGIN_GROUP_APPLICATION: Final = 6
LOGIN_REE_KERNEL_MIN: Final = 0x80000000  # up to the next: not for clients in user space
LOGIN_REE_KERNEL_MAX: Final = 0xBFFFFFFF
LOGIN_REE_KERNEL: Final = 0x80000000

UUID_LEN: Final = 16  # octets in the order of RFC 4122

VERSION_DATA: Final = Layout(
    "tee_ioctl_version_data", (("u32", "impl_id"), ("u32", "impl_caps"), ("u32", "gen_caps"))
)
SHM_ALLOC_DATA: Final = Layout("tee_ioctl_shm_alloc_data", (("u64", "size"), ("u32", "flags"), ("s32", "id")))
BUF_DATA: Final = Layout("tee_ioctl_buf_data", (("u64", "buf_ptr"), ("u64", "buf_len")))
PARAM: Final = Layout(
    "tee_ioctl_param",
    (
        ("u64", "attr"),
        ("u64", "a"),  # a value; the offset in the shared memory
        ("u64", "b"),  # a value; the size
        ("u64", "c"),  # a value; the id of the shared memory
    ),
)
OPEN_SESSION_ARG: Final = Layout(
    "tee_ioctl_open_session_arg",
    (
        ("char[16]", "uuid"),
        ("char[16]", "clnt_uuid"),  # of a login by group: the group id in the first four octets
        ("u32", "clnt_login"),
        ("u32", "cancel_id"),
        ("u32", "session"),
        ("u32", "ret"),
        ("u32", "ret_origin"),
        ("u32", "num_params"),
    ),
)
INVOKE_ARG: Final = Layout(
    "tee_ioctl_invoke_arg",
    (
        ("u32", "func"),
        ("u32", "session"),
        ("u32", "cancel_id"),
        ("u32", "ret"),
        ("u32", "ret_origin"),
        ("u32", "num_params"),
    ),
)
CANCEL_ARG: Final = Layout("tee_ioctl_cancel_arg", (("u32", "cancel_id"), ("u32", "session")))
CLOSE_SESSION_ARG: Final = Layout("tee_ioctl_close_session_arg", (("u32", "session"),))
SUPP_RECV_ARG: Final = Layout("tee_iocl_supp_recv_arg", (("u32", "func"), ("u32", "num_params")))
SUPP_SEND_ARG: Final = Layout("tee_iocl_supp_send_arg", (("u32", "ret"), ("u32", "num_params")))
SHM_REGISTER_DATA: Final = Layout(
    "tee_ioctl_shm_register_data", (("u64", "addr"), ("u64", "length"), ("u32", "flags"), ("s32", "id"))
)
SHM_REGISTER_FD_DATA: Final = Layout(
    "tee_ioctl_shm_register_fd_data", (("s64", "fd"), ("u64", "size"), ("u32", "flags"), ("s32", "id"))
)

LAYOUTS: Final = (
    VERSION_DATA, SHM_ALLOC_DATA, BUF_DATA, PARAM, OPEN_SESSION_ARG, INVOKE_ARG, CANCEL_ARG,
    CLOSE_SESSION_ARG, SUPP_RECV_ARG, SUPP_SEND_ARG, SHM_REGISTER_DATA, SHM_REGISTER_FD_DATA,
)  # fmt: skip

_WRITE, _READ = 1, 2


def _request(direction: int, number: int, argument: Layout) -> int:
    """A request's number (include/uapi/asm-generic/ioctl.h): direction, size, magic, number."""
    return direction << 30 | argument.size << 16 | MAGIC << 8 | number


IOC_VERSION: Final = _request(_READ, 0, VERSION_DATA)
IOC_SHM_ALLOC: Final = _request(_READ | _WRITE, 1, SHM_ALLOC_DATA)  # gives a descriptor
IOC_OPEN_SESSION: Final = _request(_READ, 2, BUF_DATA)
IOC_INVOKE: Final = _request(_READ, 3, BUF_DATA)
IOC_CANCEL: Final = _request(_READ, 4, CANCEL_ARG)
IOC_CLOSE_SESSION: Final = _request(_READ, 5, CLOSE_SESSION_ARG)
IOC_SUPPL_RECV: Final = _request(_READ, 6, BUF_DATA)
IOC_SUPPL_SEND: Final = _request(_READ, 7, BUF_DATA)
IOC_SHM_REGISTER_FD: Final = _request(_READ | _WRITE, 8, SHM_REGISTER_FD_DATA)  # gives a descriptor
IOC_SHM_REGISTER: Final = _request(_READ | _WRITE, 9, SHM_REGISTER_DATA)  # gives a descriptor
