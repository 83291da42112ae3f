# SPDX-License-Identifier: BSD-2-Clause
"""Commands of Debian's arm64 packages, and the files that they are run with."""

from __future__ import annotations

from pathlib import Path

PACKAGES = (
    "bash",
    "bc",
    "busybox",
    "coreutils",
    "dash",
    "grep",
    "gzip",
    "jq",
    "lua5.4",
    "micropython",
    "openssl",
    "perl",
    "sed",
    "sqlite3",
)
MANIFEST = """
[files]
read = ["."]
libraries = [
    "/usr/lib/aarch64-linux-gnu/perl-base/auto/*/*.so",
    "/usr/lib/aarch64-linux-gnu/perl-base/auto/*/*/*.so",
    "/usr/lib/aarch64-linux-gnu/perl/*/auto/Digest/*/*.so",
    "/usr/lib/aarch64-linux-gnu/perl/*/auto/Data/Dumper/*.so",
]
"""
TEXT = "".join(f"line {n * 7919 % 100} of some text, äöü\n" for n in range(300))
JSON = '{"a": [1, 2, {"b": null}], "c": "text", "d": 1.5e3}'

COMMANDS = {
    "sort": ("sort", "-k2n", "text"),
    "uniq": ("uniq", "-c", "text"),
    "sha256sum": ("sha256sum", "text", "data.json"),
    "sha512sum": ("sha512sum", "text"),
    "wc": ("wc", "text"),
    "od": ("od", "-A", "x", "-t", "x1z", "text"),
    "cut": ("cut", "-d", " ", "-f2,4", "text"),
    "tr": ("tr", "a-z", "A-Z"),
    "base64": ("base64", "text"),
    "seq": ("seq", "-w", "1", "17", "400"),
    "head": ("head", "-n", "3", "text"),
    "tail": ("tail", "-n", "3", "text"),
    "cksum": ("cksum", "text"),
    "factor": ("factor", "360360", "18446744073709551557"),
    "numfmt": ("numfmt", "--to=iec", "123456789"),
    "printf": ("printf", "%08.3f %s\\n", "3.14159", "pi"),
    "expr": ("expr", "17", "*", "3"),
    "cat of nothing": ("cat", "absent"),
    "false": ("false",),
    "bash": ("bash", "-c", 'a=(3 1 2); for i in "${a[@]}"; do echo $((i * i)); done; exit 7'),
    "bash reads": (
        "bash",
        "-c",
        'read -r a b < text; echo "${b^^} ${#b} ${b//e/E}"; printf -v z %x 255; echo $z',
    ),
    "dash": ("dash", "-c", "i=0; while [ $i -lt 5 ]; do i=$((i+1)); echo $i; done; exit 3"),
    "grep": ("grep", "-nE", "line (1|2)[0-9] ", "text"),
    "grep of nothing": ("grep", "-c", "nowhere", "text"),
    "sed": ("sed", "-n", "s/line \\([0-9]*\\).*/<\\1>/p", "text"),
    "jq": ("jq", "-S", ".a[2], .d + 1, (.c | length)", "data.json"),
    "jq refuses": ("jq", ".", "text"),
    "bc": ("bc", "-q", "sum.bc"),
    "lua": ("lua5.4", "-e", 'local t = {} for i = 1, 9 do t[i] = i ^ 2 end print(table.concat(t, " "))'),
    "micropython": ("micropython", "-c", "print(sum(i * i for i in range(1000)), 2 ** 100)"),
    "sqlite": (
        "sqlite3",
        "-init",
        "/dev/null",
        ":memory:",
        "create table t(a); insert into t values(1),(2); select sum(a) from t",
    ),
    "openssl": ("openssl", "dgst", "-sha3-256", "text"),
    "gzip": ("gzip", "-nc", "text"),
    "perl": (
        "perl",
        "-e",
        'my %h = map { $_ => $_ ** 2 } 1..5; print join(",", map { "$_=$h{$_}" } sort keys %h)',
    ),
    "perl modules": (
        "perl",
        "-MList::Util=sum",
        "-MDigest::SHA=sha1_hex",
        "-MData::Dumper",
        "-e",
        'print sum(1..9), sha1_hex("x"), Dumper([1, {a => 2}])',
    ),
    "busybox": ("busybox", "md5sum", "text"),
}


def fill(place: Path) -> None:
    """Makes the working directory that the commands expect: all of it may be read."""
    (place / "text").write_text(TEXT)
    (place / "elfhaven.toml").write_text(MANIFEST)
    (place / "data.json").write_text(JSON)
    (place / "sum.bc").write_text("scale = 20\n22 / 7\n2 ^ 200\nquit\n")
