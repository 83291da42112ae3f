# SPDX-License-Identifier: BSD-2-Clause
"""A manifest written from a run, and a run under it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from tests.support.zig import compile_program

import elfhaven
from elfhaven.abi.container import RuleFlag, RuleKind
from elfhaven.manifest import Policy, Rule, loads
from elfhaven.normal.policy import LOOK, READ, WRITE
from elfhaven.sdk.record import record
from elfhaven.sdk.record_text import Recorded, Use, Variable, text_of
from elfhaven.target.naming import known_paths, name_paths

SOURCE = r"""
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
int main(int count, char **words) {
    char text[100] = "";
    for (int i = 1; i < count; i++) {
        FILE *file = fopen(words[i], "r");
        printf("%s: %s\n", words[i], file && fgets(text, sizeof text, file) ? text : "none");
        if (file) fclose(file);
    }
    struct stat about;
    printf("%d %s\n", stat("looked", &about), getenv("RECORDED") ? getenv("RECORDED") : "unset");
    FILE *out = fopen("out.txt", "w");
    if (!out || fputs("done\n", out) < 0 || fclose(out)) return 4;
    return 7;
}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "program").write_bytes(compile_program(SOURCE).read_bytes())
    (tmp_path / "one").write_text("1")
    (tmp_path / "looked").write_text("")
    (tmp_path / "secret").write_text("2")
    (tmp_path / "many").mkdir()
    for i in range(8):
        (tmp_path / "many" / f"f{i}").write_text(str(i))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECORDED", "yes")
    monkeypatch.setenv("UNUSED_BY_IT", "no")
    return tmp_path


def test_the_recorded_run_can_be_had_again_and_no_other(here: Path) -> None:
    told: list[str] = []
    words = ("one", "absent", *(f"many/f{i}" for i in range(8)))
    first = record("./program", *words, capture=True, on_note=told.append)
    assert first.status == 7
    assert any("may read and write every file" in line for line in told)
    written = tomllib.loads(Path("elfhaven.toml").read_text())
    assert written["files"]["read"] == ["absent", "looked", "many/", "one"]
    assert written["files"]["write"] == ["out.txt"]
    assert written["env"]["allow"] == ["RECORDED"]
    assert written["args"]["fixed"] == ["./program", *words]
    again = elfhaven.run("./program", *words, manifest="elfhaven.toml", capture=True)
    assert (again.status, again.stdout, again.denied) == (7, first.stdout, ())
    assert b"yes" in (first.stdout or b"")
    Path("any.toml").write_text(
        Path("elfhaven.toml").read_text().replace('"fixed"', '"any"').replace("fixed =", "# ")
    )
    other = elfhaven.run("./program", "secret", manifest="any.toml", capture=True)
    assert b"secret: none" in (other.stdout or b"")
    assert other.denied == ("files.read",)
    assert any('[files] read = ["secret"]' in line for line in other.notes)


def test_a_file_that_is_there_is_kept(here: Path) -> None:
    Path("elfhaven.toml").write_text("name = 'mine'\n")
    with pytest.raises(elfhaven.UsageError, match="is there already"):
        record("./program", capture=True)
    assert Path("elfhaven.toml").read_text() == "name = 'mine'\n"
    record("./program", force=True, any_arguments=True, capture=True)
    assert tomllib.loads(Path("elfhaven.toml").read_text())["args"] == {"mode": "any"}


def use(path: str, rule: str, *calls: str, there: bool = True) -> Use:
    return Use(path, rule, dict.fromkeys(calls or ("openat",)), there)


def written(*uses: Use, cwd: str = "/w") -> dict[str, list[str]]:
    text = text_of(Recorded(cwd, {each.path: each for each in uses}, {}, (), (), 1))
    loads(text)
    files: dict[str, list[str]] = tomllib.loads(text).get("files", {})
    return files


def test_directories_collapse_but_never_wide_ones() -> None:
    many = [use(f"/w/data/f{i}", READ) for i in range(6)]
    assert written(*many) == {"read": ["data/"]}
    assert written(*many[:5]) == {"read": [f"data/f{i}" for i in range(5)]}
    system = [use(f"/etc/f{i}", READ) for i in range(9)]
    assert len(written(*system)["read"]) == 9
    assert written(*many, use("/w/data/f0", WRITE)) == {
        "read": [f"data/f{i}" for i in range(1, 6)],
        "write": ["data/f0"],
    }


def test_what_may_be_asked_anyway_needs_no_line() -> None:
    assert written(use("/w", LOOK, "statx"), use("/", LOOK, "statx")) == {}
    assert written(use("/a/b", LOOK, "statx"), use("/a/b/c", READ)) == {"read": ["/a/b/c"]}
    assert written(use("/a/x", LOOK, "statx", there=False)) == {"read": ["/a/x"]}


def test_any_name_makes_a_manifest_that_reads_back() -> None:
    odd = 'a "quoted\\ name\n\u00e9'
    found = Recorded(
        "/w",
        {f"/w/{odd}": use(f"/w/{odd}", READ)},
        {"/usr/l.so": "mmap"},
        (Variable("A", True),),
        ("p", odd),
        9,
    )
    manifest = loads(text_of(found))
    assert manifest.files.read == (odd,)
    assert manifest.args.fixed == ("p", odd)
    assert manifest.files.libraries == ("/usr/l.so",)


def test_a_denial_is_named_by_what_the_caller_said(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    (tmp_path / "y").write_text("")
    policy = Policy(rules=(Rule(RuleKind.READ, "y", RuleFlag.RELATIVE),))
    argv = ("p", "--file=x", f"-o{tmp_path}/y", "plain")
    known = known_paths(argv, {"DATA": f"{tmp_path}/x:relative"})
    assert known == ("--file=x", "x", f"-o{tmp_path}/y", f"{tmp_path}/y", "plain", f"{tmp_path}/x")
    line = 'denied by rule files.read; to allow it add to elfhaven.toml: [files] read = ["PATH"]'
    named = name_paths(line, policy, known, str(tmp_path))
    assert named.endswith(f'[files] read = ["x", "{tmp_path}/x"]')
