# SPDX-License-Identifier: BSD-2-Clause
"""Reading elfhaven.toml: values, defaults, and mistakes with their lines."""

from pathlib import Path

import pytest

from elfhaven.errors import ManifestError
from elfhaven.manifest import Manifest, default, load, loads
from elfhaven.manifest.locate import key_lines

FULL = """\
name = "llama"
debug = true
[memory]
stack = "1 MiB"
heap = 65536
[args]
fixed = ["llama", "-n"]
[env]
allow = ["LANG"]
set = { TZ = "UTC" }
[files]
read = [
  "a",
  "b/",
]
write = ["out"]
pinned = ["w.bin"]
[audit]
required = true
"""


def test_every_key_is_read() -> None:
    manifest = loads(FULL)
    assert (manifest.name, manifest.debug, manifest.audit.required) == ("llama", True, True)
    assert (manifest.memory.stack, manifest.memory.heap) == (1 << 20, 65536)
    assert manifest.args.fixed == ("llama", "-n")
    assert (manifest.env.allow, manifest.env.set) == (("LANG",), {"TZ": "UTC"})
    assert manifest.files.read == ("a", "b/")
    assert (manifest.files.write, manifest.files.pinned) == (("out",), ("w.bin",))


def test_an_empty_manifest_denies_every_file_and_variable() -> None:
    manifest = loads("")
    assert manifest == Manifest()
    assert manifest.files == type(manifest.files)()
    assert manifest.env.allow == ()
    assert not manifest.debug


def test_without_a_manifest_the_working_directory_may_be_read() -> None:
    files = default().files
    assert (files.read, files.write, files.pinned) == ((".",), (), ())


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("nam = 'x'", 1, ("unknown key `nam`", "`name`")),
        ("\n[files]\nread = []\nreed = []", 4, ("unknown key `files.reed`", "`read`")),
        ("[file]\n", 1, ("unknown key `file`", "`files`")),
        ("[files]\nread = ['a',\n 'b',\n 7]", 4, ("`files.read[2]`", "text", "a number")),
        ("files.read = 'a'", 1, ("`files.read`", "an array")),
        ("\n\n[memory]\nheap = 0\nstack = '8 MB/s'", 5, ("8 MB/s", "MiB")),
        ("[memory]\nstack = 12", 2, ("16 KiB",)),
        ("[memory]\nheap = -1", 2, ("-1",)),
        ("[memory]\nheap = true", 2, ("size",)),
        ("debug = 1", 1, ("`debug`", "true or false")),
        ("name = 'a b'", 1, ("letters",)),
        ("name = ''", 1, ("letters",)),
        ("service = true\nstoppable = true", 2, ("exclude each other",)),
        ("[args]\nmode = 'fixed'", 2, ("needs `fixed",)),
        ("[args]\nfixed = ['a']\nmode = 'any'", 2, ("no effect",)),
        ("[args]\nmode = 'some'", 2, ("some",)),
        ("[env]\nallow = ['A=B']", 2, ("A=B",)),
        ("[env]\nset = {A = '1'}\nallow = ['A']", 3, ("both",)),
        ("[env]\nset = {A = 1}", 2, ("text",)),
        ("[files]\nread = ['']", 2, ("empty path",)),
        ("[files]\npinned = ['d/']", 2, ("directory",)),
        ('[files]\nread = ["a\\u0000b"]', 2, ("NUL",)),
        ("a = [1,\n2\n", 3, ("not TOML",)),
        ("name = 'x'\nname = 'y'", 2, ("not TOML",)),
    ],
)
def test_a_mistake_names_its_line(text: str, line: int, words: tuple[str, ...]) -> None:
    with pytest.raises(ManifestError) as caught:
        loads(text, "some.toml")
    assert caught.value.line == line, str(caught.value)
    assert str(caught.value).startswith(f"some.toml:{line}: ")
    for word in words:
        assert word in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="No such file"):
        load(tmp_path / "none.toml")
    with pytest.raises(ManifestError, match="directory"):
        load(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"debug = true\nname = '\xe9'\n")
    with pytest.raises(ManifestError, match=r"latin.toml:2: .*UTF-8"):
        load(tmp_path / "latin.toml")


def test_a_deeply_nested_manifest_is_refused() -> None:
    with pytest.raises(ManifestError):
        loads("a = " + "[" * 100_000 + "]" * 100_000)


def test_key_lines_follow_every_form_of_toml() -> None:
    text = '''\
# [no] = "header"
a.b = 1
"quo.ted" = """
[not.a.header]
x = 1
"""
[t."u v"]
k = { in = 1, other = [ 1,
  { deep = 'x' } ] } # tail
[[list]]
n = 1979-05-27 07:32:00
[[list]]
n = '\''one'\''
'''.replace("'\\''", "'''")
    lines = key_lines(text)
    assert lines["a",] == lines["a", "b"] == 2
    assert lines["quo.ted",] == 3
    assert "x" not in {place[0] for place in lines}
    assert lines["t", "u v"] == 7
    assert lines["t", "u v", "k"] == lines["t", "u v", "k", "in"] == lines["t", "u v", "k", "other", 0] == 8
    assert lines["t", "u v", "k", "other", 1, "deep"] == 9
    assert (lines["list", 0, "n"], lines["list", 1, "n"]) == (11, 13)
