# SPDX-License-Identifier: BSD-2-Clause
"""Programs: pack one, run one."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from elfhaven.errors import TeeError, UsageError
from elfhaven.packing import PackedTa, is_ta, open_ta, read_program
from elfhaven.sdk.family import family
from elfhaven.sdk.packaging import pack_program
from elfhaven.sdk.root import SUITE, AnyPath, Root, open_root
from elfhaven.target.container import FILES_OF_TARGET, Outcome, Request, execute
from elfhaven.target.look import Look
from elfhaven.target.refusal import explained
from elfhaven.target.state import StateDirectory, default_directory
from elfhaven.target.symbols import of_program
from elfhaven.target.targets import PERMISSIVE, check, open_target, signer_for, trusted_by

if TYPE_CHECKING:
    from elfhaven.calls.trace import Record
    from elfhaven.manifest import Manifest

Stream = int | IO[Any] | None


@dataclass(frozen=True, slots=True)
class Result:
    """How a program ended.

    `status` is its own exit status; 139 where it died inside (`fault` says what and where), 128 + n where
    signal n ended it. `crossings` counts the calls that left the TEE. `stdout` and `stderr` are set when they
    were captured. `notes` is what a user should know of the run, a line each. `entries` counts the entries
    into the TEE, `inside` the seconds there; `most_memory` is the most bytes of secure memory that a
    return told of.
    """

    status: int
    fault: str | None
    denied: tuple[str, ...]
    violated: tuple[str, ...]
    served: int
    delegated: int
    memory: int
    crossings: Mapping[str, int]
    notes: tuple[str, ...]
    entries: int = 0
    inside: float = 0.0
    most_memory: int = 0
    stdout: bytes | None = None
    stderr: bytes | None = None


def run(
    program: AnyPath,
    *arguments: str,
    manifest: AnyPath | Manifest | None = None,
    target: str = "emulator",
    files: str = "host",
    memory: str = "stock",
    sign: AnyPath | None = None,
    trace: bool | Callable[[str], None] = False,
    audit: AnyPath | None = None,
    state: AnyPath | None = None,
    sysroot: AnyPath | None = None,
    debian: Sequence[str] = (),
    suite: str = SUITE,
    env: Mapping[str, str] | None = None,
    cwd: AnyPath | None = None,
    stdin: Stream = None,
    stdout: Stream = None,
    stderr: Stream = None,
    capture: bool = False,
    on_note: Callable[[str], None] | None = None,
    on_start: Callable[[], None] | None = None,
    on_call: Callable[[Record], None] | None = None,
    look: Look | None = None,
    engine: str | None = None,
) -> Result:
    """Runs an aarch64 Linux program, or a .ta file of one, inside; returns when it has ended.

    With `sysroot` or `debian` it is a program of that system, as in pack(); a .ta file reads the files of its
    system there. The streams are this process's
    own, or file objects or descriptors; `capture` gives stdout and stderr as bytes. `sign` is as for pack();
    without it a key signs that the target trusts. `env` and `cwd` are this process's own; the manifest says
    which variables are let in. `on_note` gets each note when it arises, `on_start` is called when the program
    starts. `files` says whose files it works with: those of this machine, or with "target" those of the
    target's own Linux, where `cwd` is then looked for (without it: where the bridge works). Only in the main
    thread does Ctrl-C end the program. `on_call` gets the records of the trace; `look` are the hooks of
    what looks into a run. `engine` is what executes in the emulator: "interpreter" (the
    default), "native" (hot code as code of this machine), or "auto" (native where it can be had). Raises an
    ElfhavenError where the program could not be run.
    """
    told: list[str] = []
    look = look or Look()

    def tell(line: str) -> None:
        told.append(line)
        if on_note is not None:
            on_note(line)

    check(target, memory)
    device = StateDirectory(os.fspath(state) if state is not None else default_directory())
    root = open_root(sysroot, debian, suite, tell)
    fixed = memory == PERMISSIVE
    packed, image = prepare(program, manifest, target, device, sign, root, debug=look.debug, fixed=fixed)
    if target == "emulator" and (packed.name or audit is not None):
        keep(packed, image, os.fspath(program), device)
    for note in packed.notes:
        tell(note)
    kin = family(packed, _base(program, manifest), trusted_by(target, device))
    with ExitStack() as stack:
        captured = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(2 if capture else 0)]
        streams = _streams((stdin, *(captured or (stdout, stderr))))
        request = Request(
            argv=(os.fspath(program), *arguments),
            env=os.environ if env is None else env,
            cwd=_directory(cwd, files),
            files=files,
            streams=streams,
            audit=audit,
            trace=_tracer(trace),
            events=on_call,
            look=look,
            report=tell,
            symbols=lambda: of_program(packed, _file(program, root)),
            started=on_start,
            root=root.path if root is not None else None,
            members={uuid: member for uuid, (member, _) in kin.items()},
        )
        observer = look.observer(packed) if look.observer is not None else None
        images = {packed.uuid: image, **{uuid: data for uuid, (_, data) in kin.items()}}
        place = stack.enter_context(open_target(target, device, memory, images, tell, observer, engine))
        try:
            outcome = execute(place, packed, request)
        except TeeError as error:
            raise explained(error, packed) from None
        if look.ended is not None:
            look.ended(place)
        if outcome.fault is not None:
            tell(f"{os.path.basename(program)} died inside: {outcome.fault}")
        return _result(outcome, told, [_content(file) for file in captured])


def prepare(
    program: AnyPath,
    manifest: AnyPath | Manifest | None,
    target: str,
    device: StateDirectory,
    sign: AnyPath | None = None,
    root: Root | None = None,
    *,
    debug: bool = False,
    fixed: bool = False,
) -> tuple[PackedTa, bytes]:
    """The program packed under a key that the target trusts, or the .ta that it is; and the file's bytes.

    With `debug` it is packed as if its manifest said so, with `fixed` even if it is linked for a fixed
    address; a .ta is what it is.
    """
    check(target)
    path = os.fspath(program)
    data = read_program(path) if root is None or _is_ta_file(path) else b""
    if is_ta(data):
        if manifest is not None:
            raise UsageError(f"{path} is packed already: its manifest lies in it", "leave -m out")
        if sign is not None:
            raise UsageError(f"{path} is packed already, and signed", "leave --sign out")
        return open_ta(path, data, trusted_by(target, device)), data
    key = signer_for(target) if sign is None else sign
    packed = pack_program(path, manifest, key, root, debug=debug, fixed=fixed)
    return packed, packed.path.read_bytes()


def _base(program: AnyPath, manifest: AnyPath | Manifest | None) -> Path:
    """The directory from which the manifest names files; of a packed program, where it lies."""
    if _is_ta_file(os.fspath(program)):
        return Path(program).parent
    return Path(manifest).parent if isinstance(manifest, str | os.PathLike) else Path()


def _is_ta_file(path: str) -> bool:
    """Whether a program is a .ta file of this machine, and not one of the root that is named beside it."""
    try:
        with open(path, "rb") as file:
            return is_ta(file.read(4))
    except OSError:
        return False


def _file(program: AnyPath, root: Root | None) -> str:
    """The program's file on this machine."""
    path = os.fspath(program)
    return path if root is None or _is_ta_file(path) else f"{root.path}{root.program(path)}"


def keep(packed: PackedTa, image: bytes, program: str, device: StateDirectory) -> None:
    """Binds a program that comes again (by its name, or to verify its log) to its signer, and stores it.

    The UUID of a program without a name comes from its content, signer included: nobody else can claim it.
    """
    device.claim(packed.uuid, packed.name or program, packed.signer)
    device.install(packed.uuid, image)


def _directory(cwd: AnyPath | None, files: str) -> str:
    """The working directory as Request takes it. UsageError for `files` that are nobody's."""
    if files not in ("host", FILES_OF_TARGET):
        raise UsageError(f"no files of {files!r}", f"take one of: host, {FILES_OF_TARGET}")
    if files == FILES_OF_TARGET:
        return "" if cwd is None else os.fspath(cwd)
    return os.getcwd() if cwd is None else os.path.abspath(cwd)


def _tracer(trace: bool | Callable[[str], None]) -> Callable[[str], None] | None:
    if callable(trace):
        return trace
    return _to_stderr if trace else None


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _streams(given: Sequence[Stream]) -> tuple[int, int, int]:
    """Descriptors; this process's own where none is given."""
    first, second, third = (
        number if stream is None else stream if isinstance(stream, int) else stream.fileno()
        for number, stream in enumerate(given)
    )
    return first, second, third


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def _result(outcome: Outcome, notes: Sequence[str], captured: Sequence[bytes]) -> Result:
    stdout, stderr = captured or (None, None)
    return Result(
        outcome.status,
        outcome.fault,
        outcome.denied,
        outcome.violated,
        outcome.served,
        outcome.delegated,
        outcome.memory,
        outcome.crossings,
        tuple(notes),
        outcome.entries,
        outcome.inside,
        outcome.most_memory,
        stdout,
        stderr,
    )
