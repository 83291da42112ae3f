# SPDX-License-Identifier: BSD-2-Clause
"""The programs of Debian that are to run inside, each with real work."""

from __future__ import annotations

from dataclasses import replace

from tests.conformance.debian import ALL_FILES, PORT, Case

CORE = (
    *("bash", "bc", "busybox", "coreutils", "dash", "gawk", "grep", "gzip", "jq", "lua5.4", "micropython"),
    *("openssl", "perl", "sed", "sqlite3", "xz-utils", "zstd"),
)
NET = ("curl", "redis-server", "redis-tools", "sysbench")
PYTHON = ("python3.13-minimal", "libpython3.13-stdlib")

_PERL = "/usr/lib/aarch64-linux-gnu/perl"
PERL = f"""
[files]
write = ["./"]
libraries = [
    "{_PERL}-base/auto/*/*.so",
    "{_PERL}-base/auto/*/*/*.so",
    "{_PERL}/*/auto/Digest/*/*.so",
    "{_PERL}/*/auto/Data/Dumper/*.so",
    "{_PERL}/*/auto/threads/*.so",
    "{_PERL}/*/auto/threads/*/*.so",
]
"""
SEALED = '[files]\nread = ["./"]\nsealed = ["db", "db-journal"]\n'
STOPPABLE = f"stoppable = true\n{ALL_FILES}"
CLIENT = f'{ALL_FILES}[net]\nconnect = ["127.0.0.1:{PORT}"]\n'
SERVER = f'{ALL_FILES}[net]\nlisten = ["127.0.0.1:{PORT}"]\n'
DYNLOAD = f'{ALL_FILES}libraries = ["/usr/lib/python3.13/lib-dynload/_hashlib.*.so"]\n'

BASH = """declare -A m
for f in *.x* d*; do m[$f]=${#f}; done
for k in dir data.json; do echo $k ${m[$k]}; done
read a b <<< "x y"; echo $b
trap "echo bye" EXIT
cd dir; pushd sub > /dev/null; popd > /dev/null; for f in *; do echo $f; done
"""
DASH = """fib() {
    if [ $1 -lt 2 ]; then r=$1; return; fi
    fib $(($1 - 1)); set -- $1 $r; fib $(($1 - 2)); r=$((r + $2))
}
trap 'echo bye' EXIT
r=0; for n in 1 2 3 4 5 6 7 8; do r=$((r * n + 1)); done
echo $r > out; while read x; do echo got $x; done < out
for f in dir/*; do case $f in */one) echo found $f;; esac; done
"""
EXPANSIONS = 'read -r a b < text; echo "${b^^} ${#b} ${b//e/E}"; printf -v z %x 255; echo $z'
LUA = """local n = 0
for l in io.lines("text") do n = n + tonumber(l:match("%d+")) end
local f = io.open("out", "w") f:write(n, "\\n") f:close()
print(n, os.rename("out", "sum"), table.concat({string.byte("abc", 1, -1)}, " "))
"""
HASH = 'my %h = map { $_ => $_ ** 2 } 1..5; print join(",", map { "$_=$h{$_}" } sort keys %h)'
MODULES = ("-MList::Util=sum", "-MDigest::SHA=sha1_hex", "-MData::Dumper")
THREADS = (  # what four threads give, and a number that they share
    "my $n :shared = 0; my @t = map { my $i = $_; threads->create(sub { for (1..50) { lock($n); $n++ } "
    'return $i * $i }) } 1..4; print join(",", map { $_->join } @t), " $n\\n"'
)
GAWK = '{ s[$2] += NR } END { n = asorti(s, k); for (i = 1; i <= n; i++) printf "%s=%d\\n", k[i], s[k[i]] }'
STANDARD = """import hashlib, json, re, zlib
data = open("text", encoding="utf-8").read()
words = sorted(set(re.findall(r"line (\\d+)", data)), key=int)
sha = hashlib.sha256(data.encode()).hexdigest()
print(json.dumps({"sha": sha, "crc": zlib.crc32(data.encode()), "words": words[:5]}))
"""
SQL = "create table t(a, b); insert into t values (1, 'x'), (2, 'y'), (3, 'z');"
QUERY = "select sum(a), group_concat(b) from t"
UPDATE = f"{SQL} update t set a = a * 2; select * from t order by a desc; pragma integrity_check"
REDIS = (
    *(("ping",), ("set", "key", "41"), ("incr", "key"), ("lpush", "list", "a", "b", "c")),
    *(("lrange", "list", "0", "-1"), ("eval", "return redis.call('get', KEYS[1]) + 1", "1", "key")),
    ("shutdown", "nosave"),
)
_SECRET = ("-S", "0011223344556677", "-k", "password")
ENC = ("openssl", "enc", "-aes-256-cbc", "-pbkdf2", *_SECRET, "-in", "text", "-out", "encrypted")
TIMED = ("openssl", "speed", "-seconds", "1", "-bytes", "1024", "sha256")
_LISTEN = ("--port", PORT, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
_NUMBERS = r" *[0-9]+(\.[0-9]+)?k?( Mi?B/sec)?"  # times and rates


def _core(name: str, *command: str, manifest: str = ALL_FILES, mask: str = "", stdin: str = "text") -> Case:
    return Case(name, CORE, command or tuple(name.split()), manifest, stdin, mask)


def _sqlite(*words: str) -> tuple[str, ...]:
    return ("sqlite3", "-init", "/dev/null", *words)


SHELLS = (
    _core("bash", "bash", "-c", 'a=(3 1 2); for i in "${a[@]}"; do echo $((i * i)); done; exit 7'),
    _core("bash: reading and expanding", "bash", "-c", EXPANSIONS),
    _core("bash: globs, maps, here-strings", "bash", "-c", BASH),
    _core("dash", "dash", "-c", "i=0; while [ $i -lt 5 ]; do i=$((i+1)); echo $i; done; exit 3"),
    _core("dash: globs, traps, redirection", "dash", "-c", DASH),
    _core("busybox ash", "busybox", "ash", "-c", "for f in dir/*; do echo $f; done; echo $((6 * 7)) > out"),
)
COREUTILS = (
    _core("sort -k2n text"),
    _core("sort in parallel", "sort", "--parallel=4", "-S", "40K", "-k2n", "text"),
    _core("uniq -c text"),
    _core("sha256sum text data.json"),
    _core("sha512sum text"),
    _core("b2sum text"),
    _core("md5sum --tag text"),
    _core("cksum text"),
    _core("cat -n text"),
    _core("cat absent"),
    _core("mv dir moved"),
    _core("rm -rv dir"),
    _core("mkdir -pv x/y/z"),
    _core("ls -l dir"),
    _core("ls -laR --time-style=full-iso dir", mask=r"(?m)^d\S+ \d+ \w+ \w+ +\d+ .* \.\.$"),
    _core("stat -c %n,%s,%F,%a,%Y text dir"),
    _core("du -ab dir"),
    _core("wc text"),
    _core("date -u -d", "date", "-u", "-d", "2024-02-29 12:00 +3 days", "+%F %T %a"),
    _core("seq -w 1 17 400"),
    _core("od -A x -t x1z text"),
    _core("cut", "cut", "-d", " ", "-f2,4", "text"),
    _core("tr a-z A-Z"),
    _core("base64 text"),
    _core("head -n 3 text"),
    _core("tail -n 3 text"),
    _core("tac text"),
    _core("tee out"),
    _core("join text text2"),
    _core("paste text text2"),
    _core("comm -3 text text2"),
    _core("split -l 100 text part"),
    _core("csplit", "csplit", "-q", "text", "/line 50/", "{2}"),
    _core("dd", "dd", "if=text", "of=out", "bs=1000", "count=3", "skip=1", "status=none"),
    _core("shuf -i 1-10 --random-source=text"),
    _core("truncate -s 100 text"),
    _core("factor 360360 18446744073709551557"),
    _core("numfmt --to=iec 123456789"),
    _core("printf", "printf", "%08.3f %s\\n", "3.14159", "pi"),
    _core("expr 17 * 3"),
    _core("false"),
)
TOOLS = (
    _core("busybox md5sum text"),
    _core("busybox awk", "busybox", "awk", "{ s += $2 } END { print s, NR }", "text"),
    _core("busybox ls -l dir"),
    _core("grep", "grep", "-nE", "line (1|2)[0-9] ", "text"),
    _core("grep -c nowhere text"),
    _core("sed", "sed", "-n", "s/line \\([0-9]*\\).*/<\\1>/p", "text"),
    _core("bc -q sum.bc"),
    _core("jq", "jq", "-S", ".a[2], .d + 1, (.c | length)", "data.json"),
    _core("jq . text"),
    _core("lua5.4", "lua5.4", "-e", LUA),
    _core("micropython", "micropython", "-c", "print(sum(i * i for i in range(1000)), 2 ** 100)"),
    _core("sqlite3 in memory", *_sqlite(":memory:", f"{SQL} {QUERY}")),
    _core("sqlite3, a database file", *_sqlite("db", UPDATE)),
    replace(
        _core("sqlite3, its database sealed", *_sqlite("db", UPDATE), manifest=SEALED),
        sealed=("db",),
        note="the database is ciphertext outside",
    ),
    _core("perl", "perl", "-e", HASH),
    _core(
        *("perl: modules", "perl", *MODULES, "-e", 'print sum(1..9), sha1_hex("x"), Dumper([1, {a => 2}])'),
        manifest=PERL,
    ),
    _core("perl: threads", "perl", "-Mthreads", "-Mthreads::shared", "-e", THREADS, manifest=PERL),
    _core("openssl dgst -sha3-256 text"),
    _core("openssl genrsa 1024", mask=r"(?s)\nM.*\n"),
    _core("openssl enc", *ENC),
    _core("gzip -nc text"),
    _core("xz -c text"),
    _core("xz -T3 --block-size=4096 -c text"),
    _core("zstd -q -19 -c text"),
    _core("zstd -q -T4 -c text"),
)
FIXED = (
    Case("gawk", CORE, ("gawk", GAWK, "text"), fixed=True),
    Case("python3.13: json, hashlib, re", PYTHON, ("python3.13", "-c", STANDARD), DYNLOAD, fixed=True),
)
NETWORK = (
    Case("curl", NET, ("curl", "-sS", f"http://127.0.0.1:{PORT}/text"), CLIENT, serves=True),
    Case(
        "curl -f: no such file",
        NET,
        ("curl", "-sSf", "-o", "out", f"http://127.0.0.1:{PORT}/none"),
        CLIENT,
        serves=True,
    ),
    Case(
        "redis-server",
        NET,
        ("redis-server", *_LISTEN, "--ignore-warnings", "ARM64-COW-BUG"),
        SERVER,
        clients=tuple(("redis-cli", "-p", PORT, *words) for words in REDIS),
        note="redis-cli is outside",
    ),
)
SYSBENCH = tuple(
    Case(f"sysbench {words.split()[0]}", NET, ("sysbench", *words.split(), "run"), mask=_NUMBERS)
    for words in (
        "cpu --events=20 --time=0",
        "threads --threads=4 --events=50 --time=0",
        "mutex --threads=4 --mutex-num=8 --mutex-locks=50 --mutex-loops=10",
        "memory --memory-total-size=2M",
    )
)
CHANGING = (
    _core("cp -r dir copy"),
    _core("cp -a dir copy"),
    _core("ln -s text soft"),
    _core("ln text hard"),
    _core("chmod -v 600 text"),
    _core("touch -d 2020-01-01T00:00Z text"),
    _core("install -m 700 text installed"),
    _core("sed -i", "sed", "-i", "s/line/LINE/", "text"),
    _core("gzip -nk text"),
    _core("zstd -q -19 text -o out.zst"),
)
SPEED = _core("openssl speed", *TIMED, manifest=STOPPABLE, mask=rf"CPUINFO.*|{_NUMBERS}")
NAMED = (*SHELLS, *COREUTILS, *CHANGING, *TOOLS, *FIXED, SPEED, *NETWORK, *SYSBENCH)
