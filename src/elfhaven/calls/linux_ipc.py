# SPDX-License-Identifier: BSD-2-Clause
"""Linux calls on shared memory, semaphores and message queues: between the threads of one program."""

from __future__ import annotations

from elfhaven.calls.linux_rows import inside
from elfhaven.calls.row import Result, Row

OWN = "the program's own, and ends with it"

IPC: tuple[Row, ...] = (
    inside(180, "mq_open", "name:path flags:open_flags mode:mode attributes:ptr", Result.FD, OWN),
    inside(181, "mq_unlink", "name:path", reason=OWN),
    inside(182, "mq_timedsend", "fd:fd message:in(size) size:size priority:uint until:ptr", reason=OWN),
    inside(
        183,
        "mq_timedreceive",
        "fd:fd message:out(size) size:size priority:ptr until:ptr",
        Result.COUNT,
        OWN,
    ),
    inside(184, "mq_notify", "fd:fd event:ptr", reason="by a signal, or not at all"),
    inside(185, "mq_getsetattr", "fd:fd new:ptr old:ptr", reason=OWN),
    inside(186, "msgget", "key:hex flags:hex", Result.VALUE, OWN),
    inside(187, "msgctl", "id:int command:int data:ptr", Result.VALUE, OWN),
    inside(188, "msgrcv", "id:int message:ptr size:size type:offset flags:hex", Result.COUNT, OWN),
    inside(189, "msgsnd", "id:int message:ptr size:size flags:hex", reason=OWN),
    inside(190, "semget", "key:hex count:int flags:hex", Result.VALUE, OWN),
    inside(191, "semctl", "id:int number:int command:int data:hex", Result.VALUE, OWN),
    inside(192, "semtimedop", "id:int operations:ptr count:size timeout:ptr", reason=OWN),
    inside(193, "semop", "id:int operations:ptr count:size", reason=OWN),
    inside(194, "shmget", "key:hex size:size flags:hex", Result.VALUE, OWN),
    inside(195, "shmctl", "id:int command:int data:ptr", Result.VALUE, OWN),
    inside(
        196,
        "shmat",
        "id:int address:hex flags:hex",
        Result.POINTER,
        OWN + "; a segment lies at one address, however often it is attached",
    ),
    inside(197, "shmdt", "address:hex", reason=OWN),
)
