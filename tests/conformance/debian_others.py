# SPDX-License-Identifier: BSD-2-Clause
"""Further programs of Debian, of many kinds; and some that cannot run, with what the user is told."""

from __future__ import annotations

from tests.conformance.debian import ALL_FILES, Case

SMALL = (
    *("argon2", "bc", "bsdextrautils", "brotli", "bzip2", "cmark", "cpio", "datamash", "dc"),
    *(
        "diffutils",
        "duktape",
        "ed",
        "fd-find",
        "figlet",
        "file",
        "findutils",
        "flac",
        "gperf",
        "indent",
        "jo",
    ),
    *("libarchive-tools", "libjpeg-turbo-progs", "libxml2-utils", "lz4", "lua5.3", "m4", "make", "mawk"),
    *("minisign", "netpbm", "original-awk", "patch", "pigz", "qrencode", "quickjs", "rhash", "ripgrep"),
    *(
        "sharutils",
        "sox",
        "tar",
        "tcl8.6",
        "tidy",
        "tree",
        "unzip",
        "vim-tiny",
        "vim-common",
        "webp",
        "xsltproc",
    ),
    *("xxd", "zip"),
)
COW = ("cowsay",)
PHP = ("php8.4-cli",)
RUBY = ("ruby3.3",)
GIT = ("git",)
SSH = ("openssh-client",)


def _libraries(*paths: str) -> str:
    return f"{ALL_FILES}libraries = [{', '.join(map(repr, paths))}]\n"


def _small(name: str, *command: str, manifest: str = ALL_FILES, mask: str = "", stdin: str = "text") -> Case:
    return Case(name, SMALL, command or tuple(name.split()), manifest, stdin, mask)


PROGRAM_PHP = "echo json_encode([1, ['a' => hash('sha256', 'x')]]), preg_match('/l+/', 'hello');"
PROGRAM_RUBY = "puts (1..10).map { |x| x ** 2 }.sum; puts 2**100; puts 'a-b'.tr('-', '_')"
_RUBY = "/usr/lib/aarch64-linux-gnu/ruby/3.3.0"
ENCODINGS = _libraries(f"{_RUBY}/enc/encdb.so", f"{_RUBY}/enc/trans/transdb.so", f"{_RUBY}/monitor.so")
_PERL = "/usr/lib/aarch64-linux-gnu/perl"
MODULES = _libraries(
    f"{_PERL}-base/auto/re/re.so",
    f"{_PERL}-base/auto/*/*.so",
    f"{_PERL}5/5.40/auto/Text/CharWidth/CharWidth.so",
)
TEMPORARY = '[files]\nwrite = ["./", "/tmp/"]\n'

BYTES = (
    _small("xxd text"),
    _small("xxd -r", "xxd", "-r", "-p", stdin="sum.dc"),
    _small("hexdump -C text"),
    _small("column -t -s, table.csv"),
    _small("file text picture.ppm page.ps list.xml"),
    _small("tree -s dir"),
    _small("find", "find", "dir", "-type", "f", "-printf", "%p %s\n"),
    _small("diff -u --label a --label b text text2"),
    _small("cmp text text2"),
    _small("ed -s table.csv", manifest=TEMPORARY, stdin="edit.ed"),
    _small("uuencode text name"),
    _small("patch -p0 -i table.diff"),
)
ARCHIVES = (
    _small("tar", *["tar", "--sort=name", "--format=ustar", "-cf", "out.tar", "dir"]),
    _small("cpio", *["cpio", "-o", "-H", "newc", "--reproducible"], stdin="names"),
    _small("zip", "zip", "-X", "-q", "-r", "-", "dir"),
    _small("bzip2 -c text"),
    _small("bzip2 -k text"),
    _small("bsdtar", "bsdtar", "--format=ustar", "-cf", "out.tar", "dir/one", "dir/link"),
    _small("lz4 -q text out.lz4"),
    _small("brotli -c text"),
    _small("pigz -p1 -nc text"),
    _small("pigz -p4 -b 128 -nc text"),
)
LANGUAGES = (
    _small("tclsh8.6 sum.tcl"),
    _small("lua5.3", "lua5.3", "-e", "print(string.format('%5.2f', math.pi), #arg)"),
    _small("qjs", "qjs", "-e", "console.log([1, 2, 3].map(x => x * x), String(2n ** 100n))"),
    _small("duk", "duk", "-e", "print(JSON.stringify({a: [1, 2].concat(3)}))"),
    _small("mawk", "mawk", "{ s += $2 } END { print s, NR }", "text"),
    _small(
        "original-awk", "original-awk", "{ n[$2]++ } END { for (i = 0; i < 9; i++) print i, n[i] }", "text"
    ),
    _small("dc sum.dc"),
    _small("m4 macros.m4"),
    _small("make -n b"),
    _small("make -q", "make", "-q", "nothing"),
    Case("php", PHP, ("php8.4", "-n", "-d", "pcre.jit=0", "-r", PROGRAM_PHP)),
    Case("ruby", RUBY, ("ruby3.3", "--disable-gems", "-e", PROGRAM_RUBY), ENCODINGS),
    Case("cowsay, in perl", COW, ("/usr/bin/perl", "/usr/games/cowsay", "moo"), MODULES),
)
DOCUMENTS = (
    _small("cmark page.md"),
    _small("xmllint --format list.xml"),
    _small("xsltproc list.xsl list.xml"),
    _small("tidy -xml -q list.xml"),
    _small("jo a=1 b[]=2 c=text"),
    _small("datamash -t, -H sum 1 mean 2", stdin="table.csv"),
    _small("indent -st code.c"),
    _small("gperf", "gperf", stdin="names"),
    _small("rg --no-config -n [a-z]3 text"),
    _small("fdfind --threads=1 -t f two dir"),
    _small("vim.tiny", "vim.tiny", "-u", "NONE", "-es", "-c", "%s/line/LINE/g|wq", "text"),
    Case("git hash-object text", GIT, ("git", "hash-object", "text", "table.csv")),
    Case("git diff --no-index", GIT, ("git", "--no-pager", "diff", "--no-index", "--stat", "text", "text2")),
)
PICTURES = (
    _small("pnmtopng picture.ppm"),
    _small("pamflip -lr picture.ppm"),
    _small("cjpeg -quality 80 picture.ppm"),
    _small("cwebp", "cwebp", "-quiet", "-q", "80", "picture.ppm", "-o", "out.webp"),
    _small("qrencode -t ASCII hello"),
    _small("figlet-figlet elf"),
    _small("sox", "sox", "-D", "-n", "-b", "16", "out.wav", "synth", "0.1", "sine", "440"),
)
CIPHERS = (
    _small("argon2", "argon2", "saltsalt", "-id", "-t", "1", "-k", "1024", "-p", "2", "-r", stdin="sum.dc"),
    _small("rhash --sha3-256 --blake2b text"),
    Case("ssh-keygen -l", SSH, ("ssh-keygen", "-l", "-f", "absent")),
    Case("ssh-keygen -t ed25519", SSH, ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/dev/null")),
)
OTHERS = (*BYTES, *ARCHIVES, *LANGUAGES, *DOCUMENTS, *PICTURES, *CIPHERS)

REFUSED = (
    Case(
        "timeout 1 true",
        ("coreutils",),
        ("timeout", "1", "true"),
        refused="fork system call failed: Function not implemented",
        note="fork: told by timeout itself, `fork system call failed: Function not implemented`",
    ),
    Case(
        "gs -v",
        ("ghostscript",),
        ("gs", "-v"),
        refused="60 images.*; a container holds 48",
        note="60 libraries: refused when it is packed; a container holds 48",
    ),
    Case(
        "age --version",
        ("age",),
        ("age", "--version"),
        refused="failed to reserve page summary memory",
        note="Go reserves more than 600 MB of addresses without memory: told by Go's runtime",
    ),
    Case(
        "guile",
        ("guile-3.0",),
        ("guile-3.0", "-c", "(display (expt 2 100))"),
        refused="files.libraries",
        note="maps its compiled code from files that are ELF: told as libraries that were not packed",
    ),
)
