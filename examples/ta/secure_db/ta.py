# SPDX-License-Identifier: BSD-2-Clause
"""One SQLite database for all sessions, in one object of trusted storage."""

import json
import sqlite3
from contextlib import closing

from proto import EXECUTE, SIZE, UUID

from elfhaven.ta import (
    Access,
    AccessConflict,
    AccessDenied,
    BadFormat,
    BadParameters,
    Cancelled,
    ItemNotFound,
    MemrefOutput,
    PersistentObject,
    StorageNoSpace,
    TeeResultError,
    TrustedApplication,
    ValueOutput,
    command,
    is_cancelled,
    unmask_cancellation,
)
from elfhaven.ta.storage import ALL

STORED = b"database"
LARGEST = 128 << 10  # bytes of the database
PAGE = 4096
STEPS = 10_000  # of SQLite's machine, after which cancellation is looked for
OUTWARD = (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH, sqlite3.SQLITE_PRAGMA)


def allowed(action: int, name: str | None, *_: object) -> int:
    """SQLite's question about each step of a statement. It counts its pages itself, to serialize them."""
    outward = action in OUTWARD and (action, name) != (sqlite3.SQLITE_PRAGMA, "page_count")
    return sqlite3.SQLITE_DENY if outward else sqlite3.SQLITE_OK


def opened() -> sqlite3.Connection:
    """The database as it was stored, in memory."""
    database = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    try:
        with PersistentObject.open(STORED) as found:
            database.deserialize(found.read())
    except ItemNotFound:
        database.execute("PRAGMA user_version = 1")  # its first page
    database.execute(f"PRAGMA max_page_count = {LARGEST // PAGE}")
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST)
    database.set_authorizer(allowed)
    database.set_progress_handler(is_cancelled, STEPS)
    return database


KINDS = {
    sqlite3.SQLITE_AUTH: AccessDenied,
    sqlite3.SQLITE_FULL: StorageNoSpace,
    sqlite3.SQLITE_TOOBIG: StorageNoSpace,
    sqlite3.SQLITE_INTERRUPT: Cancelled,
    sqlite3.SQLITE_ERROR: BadFormat,
}


def error_of(error: Exception) -> TeeResultError:
    """What SQLite says, as a result; BadParameters for arguments that do not fit the statement."""
    if isinstance(error, sqlite3.IntegrityError):
        return AccessConflict(str(error))
    return KINDS.get(getattr(error, "sqlite_errorcode", None), BadParameters)(str(error))


class SecureDb(TrustedApplication):
    uuid = UUID
    single_instance = True
    multi_session = True
    data_size = 1 << 20

    def create(self) -> None:
        self.database = opened()

    def destroy(self) -> None:
        self.database.close()

    @command(EXECUTE)
    def execute(self, request: bytes, out: MemrefOutput) -> None:
        try:
            statement, arguments = json.loads(request)
        except (ValueError, TypeError):
            raise BadFormat("expected JSON: [statement, arguments]") from None
        unmask_cancellation()
        before = self.database.serialize()
        try:
            with closing(self.database.execute(statement, arguments)) as rows:
                answer = json.dumps(rows.fetchall()).encode()
            if self.database.in_transaction:
                raise BadParameters("each statement is a transaction of its own")
            out.write(answer)
            self._store(before)
        except BaseException as error:
            self._back_to(before)
            if isinstance(error, sqlite3.Error | TypeError | ValueError):
                raise error_of(error) from None
            raise

    def _store(self, before: bytes) -> None:
        now = self.database.serialize()
        if now != before:
            PersistentObject.create(STORED, now, ALL | Access.OVERWRITE).close()

    def _back_to(self, before: bytes) -> None:
        """What was not stored did not happen."""
        if self.database.in_transaction:
            self.database.rollback()
        if self.database.serialize() != before:
            self.database.close()
            self.database = opened()

    @command(SIZE)
    def size(self, out: ValueOutput) -> None:
        out.a = len(self.database.serialize())
