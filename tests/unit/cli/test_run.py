# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven run` from outside: statuses, streams, denials, faults, signals, the log, two in a pipe."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from tests.support.zig import compile_program

PROGRAM = r"""
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((noinline)) static void crash_here(volatile int *p) { *p = 1; }

static void leave(int number) { _exit(number); }

static int copy(void) {
    char b[70000];
    ssize_t n;
    while ((n = read(0, b, sizeof b)) > 0)
        if (write(1, b, (size_t)n) != n)
            return 9;
    return n < 0 ? 8 : 0;
}

static int show(const char *path) {
    char b[100];
    int f = open(path, O_RDONLY);
    if (f < 0)
        return printf("open: %s\n", strerror(errno)), 4;
    ssize_t n = read(f, b, sizeof b);
    return n < 0 ? 5 : (printf("%.*s", (int)n, b), 0);
}

static int make(const char *path) {
    FILE *f = fopen(path, "w");
    return f && fputs("made\n", f) >= 0 && !fclose(f) ? 0 : 4;
}

int main(int count, char **words) {
    const char *what = count > 1 ? words[1] : "";
    if (!strcmp(what, "status")) return atoi(words[2]);
    if (!strcmp(what, "crash")) crash_here(0);
    if (!strcmp(what, "caught")) return signal(SIGSEGV, leave) == SIG_DFL ? crash_here(0), 0 : 3;
    if (!strcmp(what, "abort")) abort();
    if (!strcmp(what, "loop")) for (volatile int i = write(1, "y\n", 2);; i++) {}
    if (!strcmp(what, "sleep")) return write(1, "y\n", 2), sleep(60), 0;
    if (!strcmp(what, "cat")) return copy();
    if (!strcmp(what, "yes")) for (;;) if (puts("y") < 0) return 7;
    if (!strcmp(what, "show")) return show(words[2]);
    if (!strcmp(what, "make")) return make(words[2]);
    if (!strcmp(what, "env")) return puts(getenv(words[2]) ? getenv(words[2]) : "unset"), 0;
    if (!strcmp(what, "allocate")) {
        size_t size = (size_t)atoi(words[2]) << 20;
        char *volatile p = malloc(size);
        return p ? (memset(p, 1, size), 0) : 6;
    }
    for (int i = 0; i < count; i++) puts(words[i]);
    return 0;
}
"""

Run = Callable[..., tuple[int, str, str]]
Start = Callable[..., AbstractContextManager["subprocess.Popen[bytes]"]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "program"
    path.write_bytes(compile_program(PROGRAM, flags=FLAGS).read_bytes())
    path.chmod(0o755)
    return tmp_path


FLAGS = ("-static", "-fPIE", "-pie", "-O1", "-w", "-fno-sanitize=all", "-g0")


@pytest.fixture
def start(home: Path) -> Start:
    """`elfhaven WORDS`, started in a directory and for a user of this test's own; killed if it is left."""
    env = {name: value for name, value in os.environ.items() if name != "ELFHAVEN_DEBUG"}
    env["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    env |= {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("DATA", "STATE")}

    @contextmanager
    def begin(
        *words: object, program: Sequence[str] = (), **options: object
    ) -> Iterator["subprocess.Popen[bytes]"]:
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [*(program or (sys.executable, "-m", "elfhaven")), *map(str, words)]
        options = pipes | {"cwd": home, "env": env, "preexec_fn": _ordinary_signals} | options
        with subprocess.Popen(command, **options) as process:  # type: ignore[call-overload]
            try:
                yield process
            finally:
                process.kill()

    return begin


def _ordinary_signals() -> None:
    """A job in the background, as CI may be, ignores SIGINT, and so would what it starts."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture
def elfhaven(start: Start) -> Run:
    """The same to its end: status, stdout, stderr."""

    def run(*words: object, given: bytes = b"") -> tuple[int, str, str]:
        with start(*words, stdin=subprocess.PIPE) as process:
            out, err = process.communicate(given, timeout=60)
        return process.returncode, out.decode(), err.decode()

    return run


@pytest.mark.parametrize("status", [0, 1, 42, 125, 255])
def test_the_status_is_the_programs_own(elfhaven: Run, status: int) -> None:
    assert elfhaven("run", "program", "status", status)[0] == status


def test_arguments_are_the_programs_own(elfhaven: Run) -> None:
    status, out, err = elfhaven("run", "--", "./program", "--audit", "-m", "", "two words", "--", "\u00e9")
    assert (status, out.splitlines()) == (0, ["./program", "--audit", "-m", "", "two words", "--", "\u00e9"])
    assert err.startswith("elfhaven: no manifest: the program may read the working directory")


def test_streams_pass_through_whole(elfhaven: Run, home: Path) -> None:
    text = "".join(f"line {i}\n" for i in range(40000))
    assert elfhaven("run", "program", "cat", given=text.encode())[:2] == (0, text)


def test_output_comes_when_it_is_written(start: Start) -> None:
    with start("run", "program", "cat", stdin=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        for word in (b"one\n", b"two\n"):
            process.stdin.write(word)
            process.stdin.flush()
            assert process.stdout.readline() == word
        process.communicate(timeout=60)
        assert process.returncode == 0


def test_two_programs_in_a_pipe_share_a_device(start: Start) -> None:
    with (
        start("run", "program", "cat", stdin=subprocess.PIPE) as first,
        start("run", "program", "cat", stdin=first.stdout) as second,
    ):
        assert first.stdin
        first.stdin.write(b"through both\n")
        first.stdin.close()
        assert second.communicate(timeout=60)[0] == b"through both\n"
        assert (first.wait(20), second.returncode) == (0, 0)


def test_a_closed_pipe_on_stdout_ends_in_141(start: Start) -> None:
    with start("run", "program", "yes") as process:
        assert process.stdout
        assert process.stdout.readline() == b"y\n"
        process.stdout.close()
        assert process.wait(60) == 141


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_lead_nowhere(start: Start, home: Path, closed: str) -> None:
    """The program's own words must not end up in a file that took the place of a closed stream."""
    command = f"{sys.executable} -m elfhaven run program status 5 {closed}"
    with start(program=["sh", "-c", command]) as process:
        assert process.wait(60) == 5
    assert {path.name for path in home.iterdir()} == {"program", "data", "state"}


def test_a_fault_is_one_line_that_says_where(elfhaven: Run) -> None:
    status, _, err = elfhaven("run", "program", "crash")
    assert status == 139
    assert err.splitlines()[-1] == (
        "elfhaven: program died inside: a null pointer used (address 0x0, translation fault) "
        "at crash_here+0x8 of program"
    )


def test_a_fault_does_not_come_to_a_handler(elfhaven: Run) -> None:
    """OP-TEE ends a TA that faults: the handler is accepted, and the status is that of the fault."""
    status, _, err = elfhaven("run", "program", "caught")
    assert status == 139
    assert "a null pointer used" in err


def test_abort_is_a_signals_status(elfhaven: Run) -> None:
    assert elfhaven("run", "program", "abort")[0] == 134


def test_without_a_manifest_only_reading_here_is_allowed(elfhaven: Run, home: Path) -> None:
    (home / "note").write_text("a note\n")
    assert elfhaven("run", "program", "show", "note")[:2] == (0, "a note\n")
    status, out, err = elfhaven("run", "program", "show", "/etc/passwd")
    assert (status, out) == (4, "open: Permission denied\n")
    assert (
        'denied by rule files.read; to allow it add to elfhaven.toml: [files] read = ["/etc/passwd"]' in err
    )
    status, _, err = elfhaven("run", "program", "make", "note")
    assert status == 4
    assert '[files] write = ["PATH"]' in err, "what exists is never offered for writing: it may be an input"
    assert (home / "note").read_text() == "a note\n"
    status, _, err = elfhaven("run", "program", "make", "new.txt")
    assert status == 4
    assert '[files] write = ["new.txt"]' in err


def test_a_manifest_is_kept(elfhaven: Run, home: Path) -> None:
    (home / "m.toml").write_text('[files]\nwrite = ["out/"]\n[env]\nallow = ["LANG"]\nset = { A = "b" }\n')
    (home / "out").mkdir()
    (home / "note").write_text("a note\n")
    run = ("run", "-m", "m.toml", "program")
    assert elfhaven(*run, "make", "out/new")[0] == 0
    assert (home / "out/new").read_text() == "made\n"
    assert elfhaven(*run, "show", "note")[0] == 4
    assert elfhaven(*run, "env", "A")[1] == "b\n"
    assert elfhaven(*run, "env", "PATH")[1] == "unset\n"
    (home / "m.toml").write_text('[args]\nfixed = ["it", "status", "17"]\n')
    assert elfhaven(*run, "status", "3")[0] == 17


def test_a_pinned_file_that_was_changed_cannot_be_read(elfhaven: Run, home: Path) -> None:
    (home / "m.toml").write_text('[files]\npinned = ["weights"]\n')
    (home / "weights").write_text("as packed\n")
    assert elfhaven("run", "-m", "m.toml", "program", "show", "weights")[:2] == (0, "as packed\n")
    assert elfhaven("pack", "-m", "m.toml", "program", "-o", "p.ta")[0] == 0
    (home / "weights").write_text("as forged\n")
    status, out, err = elfhaven("run", "p.ta", "show", "weights")
    assert status in (4, 5)
    assert "forged" not in out
    assert "files.pinned" in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("what", ["loop", "sleep", "cat", "yes"])
def test_a_signal_ends_the_program(start: Start, what: str, number: signal.Signals) -> None:
    with start("run", "program", what, stdin=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"y\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"y\n"
        time.sleep(0.2)  # into the loop, the wait, the read
        reader = threading.Thread(target=process.stdout.read)
        reader.start()
        process.send_signal(number)
        assert process.wait(30) == 128 + number
        reader.join()


def test_memory_is_that_of_the_device(elfhaven: Run) -> None:
    assert elfhaven("run", "program", "allocate", 4)[0] == 0
    assert elfhaven("run", "program", "allocate", 64)[0] == 6
    assert elfhaven("run", "--memory", "large", "program", "allocate", 64)[0] == 0


def test_trace_needs_a_manifest_that_says_debug(elfhaven: Run, home: Path) -> None:
    status, _, err = elfhaven("run", "--trace", "program", "status", "0")
    assert status == 125
    assert "add `debug = true`" in err
    (home / "m.toml").write_text('debug = true\n[files]\nread = ["note"]\n')
    (home / "note").write_text("a note\n")
    status, _, err = elfhaven("run", "--trace", "-m", "m.toml", "program", "show", "note")
    assert status == 0
    assert 'openat(AT_FDCWD, "note", O_RDONLY' in err


def test_the_audit_log_is_verified_by_its_device(elfhaven: Run, home: Path) -> None:
    (home / "note").write_text("a note\n")
    for _ in range(2):
        assert elfhaven("run", "--audit", "log", "program", "show", "note")[0] == 0
    records = [json.loads(line) for line in (home / "log").read_text().splitlines()]
    assert [r["call"] for r in records if r["call"] in ("elfhaven.start", "openat", "elfhaven.exit")] == [
        "elfhaven.start",
        "openat",
        "elfhaven.exit",
    ] * 2
    assert elfhaven("audit", "verify", "log")[0] == 0
    assert elfhaven("audit", "verify", "--state", "other", "log")[0] != 0
    lines = (home / "log").read_text().splitlines(keepends=True)
    (home / "log").write_text("".join(lines[:1] + lines[2:]))
    status, out, _ = elfhaven("audit", "verify", "log")
    assert status == 1
    assert "not whole" in out


def test_a_manifest_that_wants_a_log_gets_one(elfhaven: Run, home: Path) -> None:
    (home / "m.toml").write_text("[audit]\nrequired = true\n")
    status, _, err = elfhaven("run", "-m", "m.toml", "program", "status", "0")
    assert status == 125
    assert "--audit FILE" in err
    assert elfhaven("run", "-m", "m.toml", "--audit", "log", "program", "status", "0")[0] == 0


def test_a_log_that_cannot_be_written_stops_the_run(elfhaven: Run, home: Path) -> None:
    status, out, err = elfhaven("run", "--audit", "none/log", "program", "show", "note")
    assert (status, out) == (125, "")
    assert "none/log cannot be opened" in err


def test_a_packed_file_runs_with_the_manifest_that_lies_in_it(elfhaven: Run, home: Path) -> None:
    (home / "m.toml").write_text('name = "named"\n')
    assert elfhaven("pack", "-m", "m.toml", "program", "-o", "p.ta")[0] == 0
    assert elfhaven("run", "p.ta", "status", "7")[0] == 7
    status, _, err = elfhaven("run", "-m", "m.toml", "p.ta")
    assert status == 125
    assert "leave -m out" in err
    data = bytearray((home / "p.ta").read_bytes())
    data[-1000] ^= 1
    (home / "p.ta").write_bytes(data)
    status, _, err = elfhaven("run", "p.ta")
    assert status == 125
    assert "was changed" in err


def test_a_named_program_belongs_to_its_first_signer(elfhaven: Run, home: Path) -> None:
    (home / "m.toml").write_text('name = "named"\n')
    assert elfhaven("run", "-m", "m.toml", "program", "status", "0")[0] == 0
    (home / "data/elfhaven/dev-key.pem").unlink()
    (home / "data/elfhaven/dev-key.pub.pem").unlink()
    status, _, err = elfhaven("run", "-m", "m.toml", "program", "status", "0")
    assert status == 125
    assert "installed on this device under another key" in err
    assert elfhaven("pack", "-m", "m.toml", "program", "-o", "p.ta")[0] == 0
    status, _, err = elfhaven("run", "p.ta", "status", "0")
    assert status == 125
    assert "p.ta is installed on this device under another key" in err
    assert elfhaven("run", "--state", "other", "p.ta", "status", "3")[0] == 3


def test_the_python_api_does_the_same(home: Path) -> None:
    script = (
        "import elfhaven\n"
        "r = elfhaven.run('program', 'env', 'A', capture=True, "
        "manifest=elfhaven.Manifest(env=elfhaven.Environment(set={'A': 'b'})))\n"
        "print(r.status, r.stdout, r.delegated == sum(r.crossings.values()), r.notes)\n"
        "p = elfhaven.pack('program', output='out.ta')\n"
        "print(p.path, elfhaven.inspect('out.ta')['uuid'] == str(p.uuid))\n"
        "try: elfhaven.run('gone')\n"
        "except elfhaven.ImageError as error: print(error.cause)\n"
    )
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "XDG_STATE_HOME": str(home / "s"),
    }
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=home,
        env={**env, "XDG_DATA_HOME": str(home / "d")},
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines() == [
        "0 b'b\\n' True ()",
        "out.ta True",
        "gone: the program cannot be read: No such file or directory",
    ], done.stderr
