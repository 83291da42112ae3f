# SPDX-License-Identifier: BSD-2-Clause
"""The target `device` on a board: Debian's python3 for arm64 in a guest, without packages, on its /dev/tee0.

The source goes into the guest as it is; a script there (on_board.py) plays every operation on TAs of xtest.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4, uuid5

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

import elfhaven
from elfhaven.abi import gp
from elfhaven.image import ta
from elfhaven.target.qemu.command import captured
from elfhaven.target.qemu.machine import Machine, forget
from tests.support import zig

ROOT = Path(__file__).parents[2]
LOGINS = UUID("58ac9ca0-2086-4683-a1b8-ec4bc08e01b6")  # Linux's name space for clients
ABC, NOTHING = hashlib.sha256(b"abc").hexdigest(), hashlib.sha256(b"").hexdigest()
PLACE = "/tmp/place"
FILES = """
#include <stdio.h>
int main(int argc, char **argv) {
    char line[64] = {0};
    FILE *in = fopen("in.txt", "r"), *out = fopen("out.txt", "w");
    if (!in || !out || !fgets(line, sizeof line, in)) return 1;
    fprintf(out, "%d words, %s", argc, line);
    fclose(out);
    printf("read %s", line);
    return fopen("/etc/passwd", "r") ? 2 : 42;
}
"""
ECHO = '#include <stdio.h>\nint main(void) { puts("waiting"); fflush(stdout); return getchar(); }\n'
LOOP = """
#include <stdio.h>
int main(void) {
    puts("waiting");
    fflush(stdout);
    for (volatile unsigned long i = 0;; i++);
}
"""
# Waits for what the program says, ends it, and prints its status; "stuck" where it goes on.
KILL = """
try() { n=0; while [ $n -lt 300 ]; do "$@" && return; usleep 100000; n=$((n + 1)); done; echo stuck; exit 1; }
gone() { ! kill -0 $p 2> /dev/null || grep -q '^State:.Z' /proc/$p/status; }
try grep -q waiting said; kill -TERM $p; try gone; wait $p; echo $?; rm said
"""


class Done(NamedTuple):
    status: int
    out: str
    err: str


class Board:
    """The guest as a user of its shell sees it."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def put(self, files: dict[str, bytes]) -> None:
        """Files by absolute path."""
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w") as archive:
            for name, content in files.items():
                entry = tarfile.TarInfo(name.lstrip("/"))
                entry.size, entry.mode = len(content), 0o644
                archive.addfile(entry, io.BytesIO(content))
        assert captured(self._machine, ["tar", "x", "-C", "/"], stdin=data.getvalue())[0] == 0

    def shell(self, script: str) -> Done:
        line = f"export PYTHONPATH=/opt HOME=/root; mkdir -p {PLACE}; cd {PLACE}; {script}"
        status, out, err = captured(self._machine, ["sh", "-c", line])
        return Done(status, out.decode(), err.decode())

    def play(self, *words: str) -> Any:
        quoted = " ".join(f"'{word}'" for word in words)
        done = self.shell(f"python3 /opt/on_board.py {quoted}")
        assert done.status == 0, done.err
        return json.loads(done.out.splitlines()[-1])  # above it: what programs printed

    def commands(self, *lines: Sequence[str], user: str = "") -> list[tuple[int, str]]:
        found = self.play(*(user.split() or ["commands"]), json.dumps(lines))
        return [(status, said) for status, said in found]


@pytest.fixture(scope="module")
def board() -> Iterator[Board]:
    """A machine of its own, with python3."""
    machine = Machine("fidelity-device")
    machine.up("stock", print, ("python3",))
    made = Board(machine)
    source = ROOT / "src"
    files = {f"/opt/{path.relative_to(source)}": path.read_bytes() for path in sorted(source.rglob("*.py"))}
    runtime = (source / "elfhaven/runtime.elf").read_bytes()  # for the names of functions in a fault
    here = (Path(__file__).parent / "on_board.py").read_bytes()
    made.put({**files, "/opt/elfhaven/runtime.elf": runtime, "/opt/on_board.py": here})
    yield made
    machine.down()
    forget(machine)


@pytest.fixture(scope="module")
def played(board: Board) -> Any:
    return board.play("operations")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Programs packed on this machine, for the board."""
    room = tmp_path_factory.mktemp("packed")
    (room / "m.toml").write_text('[files]\nread = ["./"]\nwrite = ["out.txt"]\n')
    found = {}
    (room / "stop.toml").write_text("stoppable = true\n")
    for name, source, manifest in (("files", FILES, "m"), ("echo", ECHO, "m"), ("loop", LOOP, "stop")):
        program = zig.compile_program(source)
        found[name] = room / f"{name}.ta"
        elfhaven.pack(program, manifest=room / f"{manifest}.toml", output=found[name], sign="optee-default")
    return found


def test_the_board_has_none_of_the_packages(played: Any) -> None:
    assert played["packages"] == []


def test_memory_of_every_kind(played: Any) -> None:
    assert played["hashes"] == {
        "temporary": ABC,
        "null": NOTHING,
        "allocated": [ABC, 32],
        "registered": ABC,
    }


def test_memory_of_a_driver_that_registers_none(played: Any) -> None:
    assert played["hashes by SHM_ALLOC"] == {"temporary": ABC, "null": NOTHING, "allocated": [ABC, 32]}
    assert played["registering"] == [gp.TEE_ERROR_NOT_SUPPORTED, gp.TEE_ORIGIN_COMMS]


def test_how_much_memory_can_be_shared(played: Any) -> None:
    limits = played["limits"]
    assert (limits["1"], limits["8"]) == ("shared", "shared")
    assert limits["32"][0] == gp.TEE_ERROR_OUT_OF_MEMORY
    assert limits["64"] == [gp.TEE_ERROR_BAD_PARAMETERS, gp.TEE_ORIGIN_COMMS]
    assert limits["4096"][1] == gp.TEE_ORIGIN_COMMS


def test_logins_are_those_of_linux(played: Any) -> None:
    logins = played["logins"]
    assert logins["PUBLIC 0"] == [gp.TEE_LOGIN_PUBLIC, str(UUID(int=0))]
    assert logins["USER 0"] == [gp.TEE_LOGIN_USER, str(uuid5(LOGINS, "uid=0"))]
    assert logins["GROUP 0"] == [gp.TEE_LOGIN_GROUP, str(uuid5(LOGINS, "gid=0"))]
    assert logins["GROUP 4321"] == [gp.TEE_ERROR_GENERIC, gp.TEE_ORIGIN_COMMS]
    assert logins["APPLICATION 0"] == [gp.TEE_ERROR_BAD_PARAMETERS, gp.TEE_ORIGIN_COMMS]


def test_a_waiting_call_is_cancelled_from_another_thread(played: Any) -> None:
    assert played["cancelled"] == [[None], [gp.TEE_ERROR_CANCEL, gp.TEE_ORIGIN_TRUSTED_APP]]


def test_results_and_their_origins(played: Any) -> None:
    assert played["no session"] == [gp.TEE_ERROR_BAD_PARAMETERS, gp.TEE_ORIGIN_COMMS]
    assert played["no ta"] == [gp.TEE_ERROR_ITEM_NOT_FOUND, gp.TEE_ORIGIN_TEE]
    assert played["a parameter too few"] == [gp.TEE_ERROR_BAD_PARAMETERS, gp.TEE_ORIGIN_TRUSTED_APP]
    assert played["aborted"] == [gp.TEE_ERROR_TARGET_DEAD, gp.TEE_ORIGIN_TEE]


def test_no_descriptor_is_left(played: Any) -> None:
    assert played["descriptors"] == 0


def test_a_program_with_files_and_its_log(board: Board, packed: dict[str, Path]) -> None:
    board.put({f"{PLACE}/files.ta": packed["files"].read_bytes(), f"{PLACE}/in.txt": b"a line\n"})
    done = board.shell("python3 -m elfhaven run --target device --audit log files.ta 1 '2 3'")
    assert (done.status, done.out) == (42, "read a line\n"), done.err
    assert "lies in /lib/optee_armtz now" in done.err
    assert "denied" in done.err
    assert board.shell("cat out.txt").out == "3 words, a line\n"
    good = board.shell("python3 -m elfhaven audit verify --target device log")
    assert (good.status, ": whole: " in good.out) == (0, True), good
    bad = board.shell("sed -i s/in.txt/im.txt/ log; python3 -m elfhaven audit verify --target device log")
    assert (bad.status, "not whole" in bad.out) == (1, True), bad


def test_a_signal_ends_a_program_that_waits(board: Board, packed: dict[str, Path]) -> None:
    board.put({f"{PLACE}/echo.ta": packed["echo"].read_bytes()})
    done = board.shell(
        "mkfifo pipe; exec 9<>pipe; python3 -m elfhaven run --target device echo.ta < pipe > said & p=$!;"
        f"{KILL}"
    )
    assert done.out == "143\n", done.err


def test_a_signal_ends_a_stoppable_program_that_computes(board: Board, packed: dict[str, Path]) -> None:
    """The thread that makes the call sits in the kernel: another one takes the signal."""
    board.put({f"{PLACE}/loop.ta": packed["loop"].read_bytes()})
    done = board.shell(f"python3 -m elfhaven run --target device loop.ta > said & p=$!; {KILL}")
    assert done.out == "143\n", done.err


def test_another_user(board: Board, packed: dict[str, Path]) -> None:
    """Who is in the node's group runs what is installed; who is not reads why."""
    board.put({f"{PLACE}/files.ta": packed["files"].read_bytes()})
    run = ["run", "--target", "device", "--state", "/tmp/state-of-user", f"{PLACE}/files.ta"]
    board.shell(
        f"rm -f out.txt; chmod 777 {PLACE}; echo line > in.txt;"
        "python3 -m elfhaven run --target device files.ta"
    )
    group = board.shell("stat -c %g /dev/tee0").out.strip()
    board.shell("rm -f out.txt")
    assert board.commands(run, user=f"user 1000 {group}")[0][0] == 42
    status, said = board.commands(run, user="user 1000 1000")[0]
    assert status == 125
    assert "this user may not use /dev/tee0" in said
    assert "sudo usermod -aG" in said
    board.shell("rm -f /lib/optee_armtz/" + f"{_uuid(packed['files'])}.ta")
    status, said = board.commands(run, user=f"user 1000 {group}")[0]
    assert (status, "cannot be put into /lib/optee_armtz" in said) == (125, True), said


def _uuid(path: Path) -> UUID:
    return ta.parse(path.read_bytes(), path.name).uuid


def test_what_a_user_reads_when_something_is_wrong(board: Board, packed: dict[str, Path]) -> None:
    whole = packed["files"].read_bytes()
    image = ta.parse(whole, "files.ta")
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    foreign = ta.sign(image.image, image.uuid, stranger)
    board.put({"/tmp/good.ta": whole, "/tmp/foreign.ta": foreign, "/tmp/changed.ta": whole[:-1] + b"?"})
    run = ["run", "--target", "device"]
    cases = {
        "there is no /dev/tee9": ["ELFHAVEN_TEE=/dev/tee9", *run, "/tmp/good.ta"],
        "/dev/teepriv0 is in use": ["ELFHAVEN_TEE=/dev/teepriv0", *run, "/tmp/good.ta"],
        "/dev/null is no node of a TEE": ["ELFHAVEN_TEE=/dev/null", *run, "/tmp/good.ta"],
        "cannot be put into /proc/none": ["ELFHAVEN_TA_DIRECTORY=/proc/none", *run, "/tmp/good.ta"],
        "0xffff000f": [*run, "/tmp/foreign.ta"],
        "its hash does not hold": [*run, "/tmp/changed.ta"],
        "the Python package": [*run, "/usr/bin/xtest"],
        "needs the Python package": ["inspect", "/tmp/good.ta"],
    }
    for (said, words), (status, text) in zip(cases.items(), board.commands(*cases.values()), strict=True):
        assert said in text, words
        assert "  fix: " in text
        assert status == (2 if "inspect" in words else 125)
        assert "Traceback" not in text
    board.shell(f"rm -f /lib/optee_armtz/{image.uuid}.ta")


def test_a_board_without_a_supplicant(board: Board, packed: dict[str, Path]) -> None:
    board.put({"/tmp/good.ta": packed["files"].read_bytes()})
    board.shell("killall tee-supplicant; while pidof tee-supplicant; do usleep 10000; done")
    try:
        status, said = board.commands(["run", "--target", "device", "/tmp/good.ta"])[0]
    finally:
        assert board.shell("tee-supplicant -d").status == 0
    assert (status, "no tee-supplicant runs" in said) == (125, True), said


def test_a_log_is_verified_on_the_machine_that_wrote_it(
    machine: Machine, packed: dict[str, Path], tmp_path: Path
) -> None:
    """From the host, over the bridge; another device knows nothing of the log."""
    (tmp_path / "in.txt").write_text("a line\n")
    state = tmp_path / "state"
    log = tmp_path / "log"
    done = elfhaven.run(
        packed["files"], target="qemu", audit=log, cwd=tmp_path, capture=True, state=state, env={}
    )
    assert done.status == 42
    assert elfhaven.verify_audit(log, target="qemu").good
    log.write_bytes(log.read_bytes().replace(b"in.txt", b"im.txt"))
    assert not elfhaven.verify_audit(log, target="qemu").good
    with pytest.raises(elfhaven.TeeError) as caught:
        elfhaven.verify_audit(log, state=state)
    assert caught.value.code == gp.TEE_ERROR_ITEM_NOT_FOUND


def test_the_log_of_a_machine_that_is_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    log = tmp_path / "log"
    record = {"seq": 0, "args": {"log": "00" * 16, "uuid": str(uuid4())}}
    log.write_text(json.dumps(record) + "\n")
    with pytest.raises(elfhaven.TargetError, match="is off: what it stored"):
        elfhaven.verify_audit(log, target="qemu")
