# SPDX-License-Identifier: BSD-2-Clause
"""The files of the directory that a case of Debian's programs is run in: always the same bytes and dates."""

from __future__ import annotations

import os
from pathlib import Path

DATE = 1_700_000_000
TEXT = "".join(f"line {n * 7919 % 100} of some text, äöü\n" for n in range(300))
MAKEFILE = """all: a b
\t@echo linked
a:
\t@echo compiled $@
b: a
\ttouch $@
N := $(words one two three)
$(info $(N) words)
"""
SHEET = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:output method="text"/>
<xsl:template match="/list"><xsl:for-each select="item"><xsl:sort select="@n" data-type="number"/>
<xsl:value-of select="."/>;</xsl:for-each></xsl:template></xsl:stylesheet>
"""
SCRIPT = """set s 0
foreach x {1 2 3} { incr s [expr {$x ** 3}] }
puts "$s [string toupper abc] [clock format 0 -gmt 1]"
"""
FILES = {
    "text": TEXT,
    "text2": TEXT.replace("line 7 ", "LINE 7 "),
    "data.json": '{"a": [1, 2, {"b": null}], "c": "text", "d": 1.5e3}',
    "sum.bc": "scale = 20\n22 / 7\n2 ^ 200\nquit\n",
    "sum.dc": "20 k 22 7 / p 2 200 ^ p [la1+dsa5>m]sm 0sa lmx la p\n",
    "list.xml": '<?xml version="1.0"?>\n<list><item n="2">two</item><item n="1">a &amp; b</item></list>\n',
    "list.xsl": SHEET,
    "page.ps": "%!PS\n72 720 moveto (hello) show 100 100 200 50 rectfill showpage\n",
    "Makefile": MAKEFILE,
    "graph.dot": "digraph g { a -> b -> c; a -> c [label=x]; }\n",
    "page.md": "# Title\n\nSome *text* and `code`.\n\n- one\n- two\n",
    "macros.m4": "define(`sq',`eval($1*$1)')sq(12) ifelse(a,b,no,yes) translit(`abc',`a-c',`A-C')\n",
    "code.c": "#define N 3\n#if N > 2\nint a = N; /* three */\nint f(int x) { return x ? a : 0; }\n#endif\n",
    "table.csv": "a,b\n1,2\n3,4\n",
    "table.diff": "--- table.csv\n+++ table.csv\n@@ -1,3 +1,3 @@\n a,b\n-1,2\n+1,9\n 3,4\n",
    "edit.ed": "2s/1/one/\n$a\nmore\n.\nw\nq\n",
    "sum.tcl": SCRIPT,
    "names": "dir/one\ndir/sub/two\n",
    "dir/one": "one\n",
    "dir/sub/two": "two\n" * 50,
}
PICTURE = b"P6\n32 32\n255\n" + bytes(
    value for y in range(32) for x in range(32) for value in (x * 8, y * 8, (x ^ y) * 8)
)


def fill(place: Path) -> None:
    """Makes `place`, with the files; their dates and permissions are always the same."""
    (place / "dir/sub").mkdir(parents=True)
    for name, content in FILES.items():
        (place / name).write_text(content)
    (place / "picture.ppm").write_bytes(PICTURE)
    (place / "dir/link").symlink_to("one")
    for path in (*place.rglob("*"), place):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (DATE, DATE), follow_symlinks=False)
