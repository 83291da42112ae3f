# SPDX-License-Identifier: BSD-2-Clause
"""Debian's curl against a server of this machine, and redis-server inside, answering a client outside."""

from __future__ import annotations

import http.server
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

import elfhaven

BODY = "".join(f"line {n}\n" for n in range(20000))
DEADLINE = 120  # seconds: fetching and packing come first


@pytest.fixture
def server(tmp_path: Path) -> Iterator[int]:
    """The port of an HTTP server that has the file `body`."""
    (tmp_path / "body").write_text(BODY)
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made.server_address[1]
        made.shutdown()


def curl(tmp_path: Path, allowed: int, *arguments: str) -> elfhaven.Result:
    (tmp_path / "elfhaven.toml").write_text(f'[net]\nconnect = ["127.0.0.1:{allowed}"]\n')
    return elfhaven.run(
        "curl",
        "-sS",
        *arguments,
        debian=("curl",),
        manifest=tmp_path / "elfhaven.toml",
        memory="large",
        state=tmp_path / "state",
        env={},
        cwd=tmp_path,
        capture=True,
    )


def test_curl_fetches_what_its_manifest_names(server: int, tmp_path: Path) -> None:
    done = curl(tmp_path, server, f"http://127.0.0.1:{server}/body")
    assert (done.status, done.stdout) == (0, BODY.encode())
    missing = curl(tmp_path, server, "-f", f"http://127.0.0.1:{server}/none")
    assert missing.status == 22


def test_curl_reaches_nobody_else(server: int, tmp_path: Path) -> None:
    done = curl(tmp_path, 1, f"http://127.0.0.1:{server}/body")
    assert (done.status, done.stdout) == (7, b"")
    assert "net.connect" in done.denied


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def ask(port: int, command: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as peer:
        peer.sendall(command + b"\r\n")
        return peer.recv(1000)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + DEADLINE
    while process.poll() is None and time.monotonic() < until:
        try:
            if ask(port, b"PING") == b"+PONG\r\n":
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("redis-server does not answer")


def test_redis_answers(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "elfhaven.toml").write_text(f'[files]\nread = ["./"]\n[net]\nlisten = ["127.0.0.1:{port}"]\n')
    words = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    options = ["--debian", "redis-server", "--memory", "large", "-m", "elfhaven.toml", "--state", "state"]
    command = [sys.executable, "-m", "elfhaven", "run", *options, "--", "redis-server", *words]
    with subprocess.Popen([*command, "--ignore-warnings", "ARM64-COW-BUG"], cwd=tmp_path) as process:
        try:
            wait_for(port, process)
            assert ask(port, b"SET key 41") == b"+OK\r\n"
            assert ask(port, b"INCR key") == b":42\r\n"
            assert ask(port, b"GET key") == b"$2\r\n42\r\n"
            assert ask(port, b"SHUTDOWN NOSAVE") == b""
            assert process.wait(DEADLINE) == 0
        finally:
            process.kill()
