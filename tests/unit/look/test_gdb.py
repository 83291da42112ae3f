# SPDX-License-Identifier: BSD-2-Clause
"""A program under a client of gdb's remote protocol of our own."""

from __future__ import annotations

import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.unit.look.programs import program

import elfhaven
from elfhaven.image.reader import Elf
from elfhaven.image.sections import read_sections, read_symbols
from elfhaven.sdk.gdb import Debugging, debugging
from elfhaven.target.gdb.wire import Splitter, listen, packet
from elfhaven.target.look import Look
from elfhaven.target.qemu import parts


class Client:
    """A debugger: questions and answers."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._splitter = Splitter()
        self._packets: list[bytes] = []

    def ask(self, text: str) -> str:
        self.send(text)
        return self.answer()

    def send(self, text: str) -> None:
        self._socket.sendall(packet(text.encode()))

    def answer(self) -> str:
        while not self._packets:
            data = self._socket.recv(65536)
            if not data:
                return ""
            for each in self._splitter.feed(data):
                assert each is not None
                self._packets.append(each)
                self._socket.sendall(b"+")
        return self._packets.pop(0).decode("latin-1")

    def interrupt(self) -> None:
        self._socket.sendall(b"\x03")

    def word(self, register: int) -> int:
        return int.from_bytes(bytes.fromhex(self.ask(f"p{register:x}")), "little")

    def document(self, name: str) -> str:
        text = ""
        while True:
            piece = self.ask(f"qXfer:{name}:{len(text):x},200")
            text += piece[1:]
            if piece[0] == "l":
                return text

    def close(self) -> None:
        self._socket.close()


class Session:
    """A client, the addresses of the program's functions, and how the run ended."""

    def __init__(self, client: Client, path: Path) -> None:
        self.client = client
        found = re.findall(r'name="([^"]*)"><segment address="(0x\w+)"', client.document("libraries:read:"))
        self.files = {Path(name).name: int(address, 16) for name, address in found}
        assert client.document("exec-file:read:1") == str(path)
        self.files["program"] = int(client.ask("qOffsets").removeprefix("TextSeg="), 16)
        elf = Elf.parse(path.read_bytes(), "program")
        symbols = list(read_symbols(elf, read_sections(elf), 2))
        self.at = {each.name: self.files["program"] + each.value for each in symbols}
        self.ended: list[elfhaven.Result] = []


@contextmanager
def under(path: Path, *arguments: str) -> Iterator[Session]:
    told: list[str] = []
    results: list[elfhaven.Result] = []

    def run(session: Debugging) -> None:
        manifest = path.parent / "m.toml"
        look = Look(observer=session.observe)
        done = elfhaven.run(path, *arguments, manifest=manifest, look=look, capture=True)
        results.append(done)
        session.status = done.status
        session.close()

    with debugging(0, path, told.append) as debugged:
        thread = threading.Thread(target=run, args=(debugged,), daemon=True)
        thread.start()
        client = Client(debugged.port)
        try:
            session = Session(client, path)
            session.ended = results
            yield session
        finally:
            client.close()
            thread.join(60)
    assert not thread.is_alive()


def test_breakpoints_steps_registers_and_memory(tmp_path: Path) -> None:
    path = program(tmp_path)
    with under(path) as session:
        client, fib = session.client, session.at["fib"]
        assert client.ask("?").startswith("T05thread:")
        text = client.ask(f"m{fib:x},10")
        assert client.ask(f"Z0,{fib:x},4") == "OK"
        assert "swbreak" in client.ask("vCont;c")
        assert (client.word(32), client.word(0)) == (fib, 10)
        assert client.ask(f"m{fib:x},10") == text  # the guest's text is as it was
        assert client.ask(f"M{fib:x},4:00000000") == "E14"  # nobody inside may write there
        assert client.ask("s").startswith("T05")
        assert client.word(32) == fib + 4
        assert client.ask("P0=0300000000000000") == "OK"
        assert client.word(0) == 3
        registers = client.ask("g")
        assert len(registers) == 2 * (33 * 8 + 4 + 32 * 16 + 8)
        place = session.at["sum"]
        assert client.ask(f"m{place:x},4") == "00000000"
        assert client.ask(f"M{place:x},4:01020304") == "OK"
        assert client.ask(f"m{place:x},4") == "01020304"
        assert client.ask(f"z0,{fib:x},4") == "OK"
        assert client.ask("c") == "W03"
    assert (session.ended[0].status, session.ended[0].stdout) == (3, b"2\n")  # fib(3): x0 was changed


def test_a_call_is_one_step_and_threads_are_seen(tmp_path: Path) -> None:
    with under(program(tmp_path)) as session:
        client = session.client
        client.ask(f"Z0,{session.at['getppid']:x},4")
        client.ask("c")
        threads = client.ask("qfThreadInfo")[1:].split(",")
        assert len(threads) == 2
        other = next(each for each in threads if each not in client.ask("qC"))
        assert client.ask(f"Hg{other}") == "OK"
        base, end = session.files["program"], max(session.at.values())
        assert base <= client.word(32) < end  # where its call goes on, in the program
        assert client.ask("P0=0000000000000000") == "E01"
        client.ask("Hg0")
        before = client.word(32)
        for _ in range(4):
            client.ask("vCont;s")
            assert base <= client.word(32) < end
        assert client.word(32) != before
        client.ask(f"z0,{session.at['getppid']:x},4")
        assert client.ask("c") == "W03"


def test_an_endless_loop_is_interrupted_and_killed(tmp_path: Path) -> None:
    with under(program(tmp_path), "spin") as session:
        client = session.client
        client.send("c")
        time.sleep(0.5)
        client.interrupt()
        assert client.answer().startswith("T02")
        main = session.at["main"]
        assert main <= client.word(32) < main + 400
        assert client.ask("k") == "W8b"


def test_a_fault_is_shown_before_it_kills(tmp_path: Path) -> None:
    with under(program(tmp_path), "crash") as session:
        client = session.client
        assert client.ask("c").startswith("T0b")
        assert session.at["main"] <= client.word(32) < session.at["main"] + 400
        assert client.ask("c") == "W8b"
    assert "null pointer" in (session.ended[0].fault or "")


def test_a_debugger_that_goes_lets_the_program_run(tmp_path: Path) -> None:
    with under(program(tmp_path)) as session:
        session.client.ask(f"Z0,{session.at['fib']:x},4")
        session.client.close()
    assert session.ended[0].status == 3


@pytest.mark.parametrize(
    "asked", ["m1,", "mzz,1", "p99", "Gxx", "P0=1", "qXfer:features:read:target.xml:x", "M1", "Z0"]
)
def test_nonsense_is_an_error_and_no_end(tmp_path: Path, asked: str) -> None:
    with under(program(tmp_path)) as session:
        assert session.client.ask(asked).startswith("E")
        assert session.client.ask("D") == "OK"


def test_a_port_that_is_taken_is_said() -> None:
    with (
        listen(0) as first,
        pytest.raises(elfhaven.UsageError, match="Address already in use"),
    ):
        listen(first.getsockname()[1])


def test_packets_are_split_escaped_and_checked() -> None:
    splitter = Splitter()
    whole = packet(b"X1,2:#$}*\x03") + b"\x03+" + packet(b"g")
    found: list[bytes | None] = []
    for at in range(0, len(whole), 3):
        found += splitter.feed(whole[at : at + 3])
    assert found == [b"X1,2:#$}*\x03", b"g"]
    assert splitter.interrupts == 1
    assert splitter.feed(b"$g#00") == [None]


def test_debians_gdb_finds_symbols_threads_and_callers(tmp_path: Path) -> None:
    try:
        gdb = parts.debugger(print)
    except elfhaven.PackageError as error:
        pytest.skip(f"gdb-multiarch cannot be had: {error}")
    path = program(tmp_path)
    with debugging(0, path, print) as debugged:
        results: list[elfhaven.Result] = []

        def run() -> None:
            look = Look(observer=debugged.observe)
            results.append(elfhaven.run(path, manifest=tmp_path / "m.toml", look=look, capture=True))
            debugged.status = results[0].status
            debugged.close()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        commands = (
            f"target remote 127.0.0.1:{debugged.port}",
            *("info sharedlibrary", "break fib", "continue", "backtrace", "print n", "delete"),
            *("break getppid", "continue", "info threads", "delete", "continue"),
        )
        words = [word for command in commands for word in ("-ex", command)]
        done = subprocess.run(
            ["gdb-multiarch", "-nx", "-batch", *words], env=gdb.environment, capture_output=True, timeout=60
        )
        thread.join(60)
    said = done.stdout.decode()
    assert "runtime.elf" in said
    assert re.search(r"^#0 +fib \(n=10\)", said, re.MULTILINE)
    assert re.search(r"^#1 .* in main \(", said, re.MULTILINE)
    assert "$1 = 10" in said
    assert "(waits in a call)" in said
    assert "exited with code 03" in said
    assert results[0].stdout == b"55\n"
