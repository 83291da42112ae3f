# SPDX-License-Identifier: BSD-2-Clause
"""Numbers and layouts of optee_msg: the messages in shared memory between the worlds."""

from __future__ import annotations

import struct
from typing import Final

HEADER: Final = struct.Struct("<8I")  # cmd, func, session, cancel_id, pad, ret, ret_origin, num_params
PARAM: Final = struct.Struct("<4Q")  # attr, then a/b/c, offs/size/ref (rmem) or address/size/ref (tmem)
RET_OFFSET: Final = 20
SESSION_OFFSET: Final = 8
MAX_PARAMS: Final = (4096 - HEADER.size) // PARAM.size
RPC_MAX_PARAMS: Final = 4

CMD_OPEN_SESSION: Final = 0
CMD_INVOKE_COMMAND: Final = 1
CMD_CLOSE_SESSION: Final = 2
CMD_CANCEL: Final = 3
CMD_REGISTER_SHM: Final = 4
CMD_UNREGISTER_SHM: Final = 5
CMD_DO_BOTTOM_HALF: Final = 6
CMD_STOP_ASYNC_NOTIF: Final = 7

ATTR_NONE: Final = 0
ATTR_VALUE_INPUT: Final = 1
ATTR_VALUE_OUTPUT: Final = 2
ATTR_VALUE_INOUT: Final = 3
ATTR_RMEM_INPUT: Final = 5
ATTR_RMEM_OUTPUT: Final = 6
ATTR_RMEM_INOUT: Final = 7
ATTR_TMEM_INPUT: Final = 9
ATTR_TMEM_OUTPUT: Final = 10
ATTR_TMEM_INOUT: Final = 11
ATTR_TYPE_MASK: Final = 0xFF
ATTR_META: Final = 1 << 8
ATTR_NONCONTIG: Final = 1 << 9
PAGE_SIZE: Final = 4096
PAGES_PER_LIST: Final = PAGE_SIZE // 8 - 1  # then the address of the next list page

RPC_CMD_LOAD_TA: Final = 0
RPC_CMD_RPMB: Final = 1
RPC_CMD_FS: Final = 2
RPC_CMD_GET_TIME: Final = 3
RPC_CMD_NOTIFICATION: Final = 4
RPC_CMD_SUSPEND: Final = 5
RPC_CMD_SHM_ALLOC: Final = 6
RPC_CMD_SHM_FREE: Final = 7
RPC_CMD_SOCKET: Final = 10
RPC_CMD_SUPP_PLUGIN: Final = 12
RPC_CMD_RPMB_PROBE_RESET: Final = 22
RPC_CMD_RPMB_PROBE_NEXT: Final = 23
RPC_CMD_RPMB_FRAMES: Final = 24
RPC_FS_OPEN: Final = 0  # what RPC_CMD_FS asks for, in a of its first parameter
RPC_FS_CREATE: Final = 1
RPC_FS_CLOSE: Final = 2
RPC_FS_READ: Final = 3
RPC_FS_WRITE: Final = 4
RPC_FS_TRUNCATE: Final = 5
RPC_FS_REMOVE: Final = 6
RPC_FS_RENAME: Final = 7
RPC_FS_OPENDIR: Final = 8
RPC_FS_CLOSEDIR: Final = 9
RPC_FS_READDIR: Final = 10
RPC_SOCKET_OPEN: Final = 0  # what RPC_CMD_SOCKET asks for, in a of its first parameter
RPC_SOCKET_CLOSE: Final = 1
RPC_SOCKET_CLOSE_ALL: Final = 2
RPC_SOCKET_SEND: Final = 3
RPC_SOCKET_RECV: Final = 4
RPC_SOCKET_IOCTL: Final = 5
RPC_SUPP_PLUGIN_INVOKE: Final = 0
NOTIFICATION_WAIT: Final = 0
NOTIFICATION_SEND: Final = 1
RPC_SHM_TYPE_APPL: Final = 0  # memory that the supplicant can reach
RPC_SHM_TYPE_KERNEL: Final = 1
RPC_SHM_TYPE_GLOBAL: Final = 2
