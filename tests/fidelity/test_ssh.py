# SPDX-License-Identifier: BSD-2-Clause
"""`--target ssh:...` for real: Debian's sshd in a guest, reached over the guest's command port."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import elfhaven
from elfhaven.cli.main import main
from elfhaven.errors import ElfhavenError, TargetError, TeeError
from elfhaven.target.qemu.command import captured
from elfhaven.target.qemu.machine import Machine, forget
from elfhaven.target.ssh.place import OPTIONS
from tests.support import zig

NAME = "fidelity-ssh"
SOURCE = r"""
#include <stdio.h>
int main(int argc, char **argv) {
    char line[100];
    FILE *in = argc > 1 ? fopen(argv[1], "r") : NULL, *out = argc > 2 ? fopen(argv[2], "w") : NULL;
    int lines = 0;
    while (in && fgets(line, sizeof line, in)) lines++;
    if (out) { fprintf(out, "%d lines\n", lines); fclose(out); }
    printf("hello, %d lines\n", lines);
    return 7;
}
"""
# What the package's installation would have done, and keys.
SET_UP = """
set -e
mkdir -p /etc/test /root/.ssh /home/user/.ssh
ssh-keygen -q -t ed25519 -N '' -f /etc/test/key
printf 'HostKey /etc/test/key\\nUsePAM no\\nPidFile none\\n' > /etc/test/conf
cat > /root/.ssh/authorized_keys
cp /root/.ssh/authorized_keys /home/user/.ssh/
chmod 700 /root /root/.ssh /home/user/.ssh && chown -R user:user /home/user
cat /etc/test/key.pub
"""


@dataclass(frozen=True)
class Board:
    machine: Machine
    room: Path

    def sh(self, script: str) -> str:
        status, output, errors = captured(self.machine, ["sh", "-c", script])
        assert status == 0, errors.decode()
        return output.decode()


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    room = tmp_path_factory.mktemp("ssh")
    machine = Machine(NAME)
    machine.up("stock", print, ["openssh-server"])
    try:
        yield _set_up(machine, room)
    finally:
        machine.down()
        forget(machine)


def _set_up(machine: Machine, room: Path) -> Board:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", room / "id"], check=True)
    status, host_key, errors = captured(machine, ["sh", "-c", SET_UP], (room / "id.pub").read_bytes())
    assert status == 0, errors.decode()
    (room / "known").write_text(f"board {host_key.decode()}")
    (room / "elfhaven.toml").write_text('[files]\nread = ["./"]\nwrite = ["./"]\n')
    (room / "in.txt").write_text("one\ntwo\nthree\n")
    return Board(machine, room)


@pytest.fixture(autouse=True)
def configuration(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    _configure(board, monkeypatch)


def _configure(board: Board, monkeypatch: pytest.MonkeyPatch, known: str = "known", key: str = "id") -> None:
    elfhaven_command = shlex.join([sys.executable, "-m", "elfhaven", "qemu", "exec", "--name", NAME])
    path = board.room / "config"
    path.write_text(
        f"ProxyCommand {elfhaven_command} /usr/sbin/sshd -i -f /etc/test/conf\n"
        f"IdentityFile {board.room / key}\nIdentitiesOnly yes\nBatchMode yes\n"
        f"UserKnownHostsFile {board.room / known}\nStrictHostKeyChecking yes\n"
    )
    monkeypatch.setenv(OPTIONS, f"-F {path}")


def _run(
    board: Board, who: str, *arguments: str, sign: str | None = "optee-default", files: str = "host"
) -> elfhaven.Result:
    return elfhaven.run(
        zig.compile_program(SOURCE),
        *arguments,
        manifest=board.room / "elfhaven.toml",
        target=f"ssh:{who}@board",
        sign=sign,
        state=board.room / "state",
        cwd=board.room if files == "host" else None,
        files=files,
        capture=True,
    )


def test_hello_as_root_and_the_second_time_nothing_is_copied(board: Board) -> None:
    first = _run(board, "root")
    assert (first.status, first.stdout) == (7, b"hello, 0 lines\n")
    assert any("copying the bridge" in note for note in first.notes)
    second = _run(board, "root")
    assert (second.status, second.stdout) == (7, b"hello, 0 lines\n")
    assert not any("copying" in note or "lies in" in note for note in second.notes)


def test_a_user_runs_what_root_put_there(board: Board) -> None:
    _run(board, "root")
    done = _run(board, "user", "in.txt", "out.txt")
    assert (done.status, done.stdout) == (7, b"hello, 3 lines\n")
    assert (board.room / "out.txt").read_text() == "3 lines\n", "files are those of this machine"


def test_a_program_with_the_files_of_the_board(board: Board) -> None:
    _run(board, "root")
    board.sh("printf 'a\\nb\\n' > /home/user/in.txt && chown user /home/user/in.txt")
    done = _run(board, "user", "in.txt", "out.txt", files="target")
    assert (done.status, done.stdout) == (7, b"hello, 2 lines\n")
    assert board.sh("stat -c %U /home/user/out.txt; cat /home/user/out.txt") == "user\n2 lines\n"


def test_nothing_of_a_run_is_left_on_the_board(board: Board) -> None:
    _run(board, "root")
    assert board.sh("sleep 1; pgrep -l 'sshd|^bridge-' || true") == ""
    assert len(board.sh("ls -A /root/.cache/elfhaven").split()) == 1


def _refused(board: Board, who: str = "root", sign: str | None = "optee-default") -> ElfhavenError:
    with pytest.raises(ElfhavenError) as caught:
        _run(board, who, sign=sign)
    assert caught.value.fix
    return caught.value


def test_a_key_that_the_board_does_not_trust(board: Board) -> None:
    error = _refused(board, sign=None)
    assert isinstance(error, TeeError)
    assert "0xffff000f" in error.cause
    assert "--sign KEY.pem" in str(error.fix)


def test_the_command_fails_with_125_and_two_lines(board: Board, capsys: pytest.CaptureFixture[str]) -> None:
    program = str(zig.compile_program(SOURCE))
    assert main(["run", "--target", "ssh:root@board", "--state", str(board.room / "state"), program]) == 125
    assert "0xffff000f" in capsys.readouterr().err


def test_an_unknown_host_key(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    (board.room / "nobody").write_text("")
    _configure(board, monkeypatch, known="nobody")
    assert "the host key of root@board is not known" in _refused(board).cause


def test_another_host_key_than_before(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    (board.room / "other").write_text(f"board {(board.room / 'id.pub').read_text()}")
    _configure(board, monkeypatch, known="other")
    error = _refused(board)
    assert "another host key than before" in error.cause
    assert "ssh-keygen -R board" in str(error.fix)


def test_a_login_key_that_the_board_does_not_know(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", board.room / "stranger"], check=True)
    _configure(board, monkeypatch, key="stranger")
    error = _refused(board)
    assert "lets nobody in" in error.cause
    assert "ssh-copy-id root@board" in str(error.fix)


def test_a_user_without_a_right_to_the_tee(board: Board) -> None:
    board.sh("chmod 600 /dev/tee0")
    try:
        assert "user may not use /dev/tee0 of user@board (crw-" in _refused(board, "user").cause
    finally:
        board.sh("chmod 660 /dev/tee0")


def test_a_board_without_a_tee(board: Board) -> None:
    board.sh("mv /dev/tee0 /dev/hidden")
    try:
        assert "has no /dev/tee0" in _refused(board).cause
    finally:
        board.sh("mv /dev/hidden /dev/tee0")


def test_a_board_without_a_supplicant(board: Board) -> None:
    board.sh("kill $(pidof tee-supplicant); while pidof tee-supplicant; do usleep 10000; done")
    try:
        assert "no tee-supplicant runs on root@board" in _refused(board).cause
    finally:
        board.sh("tee-supplicant -d")


def test_a_directory_that_the_user_cannot_write(board: Board) -> None:
    board.sh("rm /usr/lib/optee_armtz/*-5[0-9a-f]*-*.ta || true")
    error = _refused(board, "user")
    assert isinstance(error, TargetError)
    assert "user may not put" in error.cause
    assert "drwxr-xr-x" in error.cause
    assert "sudo install -m 644" in str(error.fix)


def test_a_connection_that_is_lost_in_the_middle(board: Board, tmp_path: Path) -> None:
    """ssh is ended on the board while a program waits: one error, and the next run is good."""
    text = '#include <unistd.h>\nint main(void) { char c; write(1, "on", 2); return (int)read(0, &c, 1); }'
    program = zig.compile_program(text)
    command = [
        sys.executable,
        "-m",
        "elfhaven",
        "run",
        "--target",
        "ssh:root@board",
        "--sign",
        "optee-default",
    ]
    child = subprocess.Popen(
        [*command, "--state", str(tmp_path / "state"), str(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.read(2) == b"on"
    assert board.sh("pgrep '^bridge-'")
    board.sh("pkill -9 -x sshd-session")
    assert child.stdin is not None
    child.stdin.write(b"x")  # the program goes on, and its next call finds nobody
    _, errors = child.communicate(timeout=30)
    assert child.returncode == 125, errors
    assert b"ended" in errors
    assert _run(board, "root").status == 7


def test_the_client_is_killed_at_any_moment(board: Board, tmp_path: Path) -> None:
    """No ssh is left here, no bridge and no sshd there, and the next run is good."""
    program = zig.compile_program(SOURCE)
    command = [
        sys.executable,
        "-m",
        "elfhaven",
        "run",
        "--target",
        "ssh:root@board",
        "--sign",
        "optee-default",
    ]
    for moment in range(6):
        board.sh("rm -rf /root/.cache/elfhaven")
        child = subprocess.Popen(
            [*command, "--state", str(tmp_path / "state"), str(program)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(0.3 + 0.4 * moment)
        child.kill()
        child.wait()
    done = _run(board, "root")
    assert (done.status, done.stdout) == (7, b"hello, 0 lines\n")
    deadline = time.monotonic() + 30
    while left := board.sh("pgrep -l 'sshd|^bridge-' || true"):
        assert time.monotonic() < deadline, left
        time.sleep(0.2)
    assert len(board.sh("ls -A /root/.cache/elfhaven").split()) == 1
    assert board.sh("ls -A /usr/lib/optee_armtz | grep -v '[.]ta$' || true") == ""
    config = str(board.room / "config").encode()
    here = [path for path in Path("/proc").glob("[0-9]*/cmdline") if config in _content(path)]
    assert here == []


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
