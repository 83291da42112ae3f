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
RPC_CMD_SUPP_PLUGIN: Final = 12
NOTIFICATION_WAIT: Final = 0
NOTIFICATION_SEND: Final = 1
RPC_SHM_TYPE_APPL: Final = 0  # memory that the supplicant can reach
RPC_SHM_TYPE_KERNEL: Final = 1
RPC_SHM_TYPE_GLOBAL: Final = 2
