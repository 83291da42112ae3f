# SPDX-License-Identifier: BSD-2-Clause
"""From a program to a signed file and back, with the container runtime as it is built."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.zig import compile_program

from elfhaven import packing
from elfhaven.errors import ImageError, ManifestError, SignatureError, StateError
from elfhaven.image import keys, ta
from elfhaven.manifest import Args, Audit, Environment, Files, Manifest, Memory, Size
from elfhaven.packing import PackedTa, Signer, is_ta, open_ta, read_contents, signer, uuid_of_name

SOURCE = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n'


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "key.pem"
    keys.generate(path)
    return path


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "hello"
    path.write_bytes(compile_program(SOURCE).read_bytes())
    return path


def _pack(program: Path, key: Path, manifest: Manifest) -> PackedTa:
    return packing.pack(program, manifest, program.parent, signer(key), cache=program.parent / "cache")


def test_what_is_packed_can_be_read_back(program: Path, key: Path) -> None:
    (program.parent / "model").write_bytes(b"m" * 70000)
    manifest = Manifest(
        name="greeting",
        debug=True,
        memory=Memory(stack=Size(65536), heap=Size(1 << 20)),
        args=Args(fixed=("hello", "-v")),
        env=Environment(set={"A": "1"}),
        files=Files(read=("data/",), pinned=("model",)),
        audit=Audit(required=True),
    )
    packed = _pack(program, key, manifest)
    assert packed.uuid == uuid_of_name("greeting")
    file = ta.parse(packed.path.read_bytes())
    assert ta.verify(file, [keys.load_public(key)]) == packed.signer
    contents = read_contents(file)
    assert contents
    assert contents.uuid == packed.uuid
    assert (contents.debug, contents.service, contents.audit_required) == (True, False, True)
    assert (contents.stack, contents.heap) == (65536, 1 << 20)
    assert [(image.name, image.file_size) for image in contents.images] == [("hello", program.stat().st_size)]
    assert contents.blob == packed.policy
    assert contents.policy.argv == ("hello", "-v")
    assert [(pin.path, len(pin.hashes)) for pin, _ in contents.policy.pinned] == [("model", 2)]


def test_the_uuid_comes_from_the_content(program: Path, key: Path, tmp_path: Path) -> None:
    first = _pack(program, key, Manifest())
    assert _pack(program, key, Manifest()).path == first.path
    assert _pack(program, key, Manifest(files=Files(read=("x",)))).uuid != first.uuid
    assert _pack(program, key, Manifest(debug=True)).uuid != first.uuid
    other = tmp_path / "other.pem"
    keys.generate(other)
    assert _pack(program, other, Manifest()).uuid != first.uuid
    program.write_bytes(program.read_bytes() + b"\0")
    assert _pack(program, key, Manifest()).uuid != first.uuid


def test_a_named_program_keeps_its_uuid_and_not_its_file(program: Path, key: Path) -> None:
    first = _pack(program, key, Manifest(name="it"))
    second = _pack(program, key, Manifest(name="it", debug=True))
    assert first.uuid == second.uuid
    assert first.path != second.path


def test_packing_again_takes_the_file_of_the_cache(program: Path, key: Path) -> None:
    packed = _pack(program, key, Manifest())
    content = packed.path.read_bytes()
    unusable = replace(signer(key), key=lambda: pytest.fail("signed again"))
    again = packing.pack(program, Manifest(), program.parent, unusable, cache=program.parent / "cache")
    assert again.path.read_bytes() == content


def test_a_changed_pinned_file_makes_another_image(program: Path, key: Path) -> None:
    model = program.parent / "model"
    model.write_bytes(b"one")
    first = _pack(program, key, Manifest(files=Files(pinned=("model",))))
    model.write_bytes(b"two")
    assert _pack(program, key, Manifest(files=Files(pinned=("model",)))).uuid != first.uuid
    model.unlink()
    with pytest.raises(ManifestError, match="pinned file 'model' cannot be read"):
        _pack(program, key, Manifest(files=Files(pinned=("model",))))


def test_what_cannot_be_packed_says_why(tmp_path: Path, key: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    for path, words in (
        (tmp_path / "none", "No such file"),
        (tmp_path, "Is a directory"),
        (script, "script"),
    ):
        with pytest.raises(ImageError, match=words):
            _pack(path, key, Manifest())


def test_a_cache_that_cannot_be_written_is_named(program: Path, key: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match="Not a directory"):
        packing.pack(program, Manifest(), tmp_path, signer(key), cache=tmp_path / "file")


def test_a_file_opens_only_under_a_trusted_key(program: Path, key: Path) -> None:
    packed = _pack(program, key, Manifest(debug=True))
    data = packed.path.read_bytes()
    opened = open_ta(packed.path, data, (keys.load_public(key),))
    assert (opened.uuid, opened.signer, opened.policy, opened.debug) == (
        packed.uuid,
        packed.signer,
        packed.policy,
        True,
    )
    with pytest.raises(SignatureError, match="not signed by a trusted key"):
        open_ta(packed.path, data, (packing.default_public(),))
    assert is_ta(data)
    assert not is_ta(program.read_bytes())


def test_the_local_key_is_made_once(tmp_path: Path) -> None:
    from elfhaven.packing.signer import local_public, local_signer

    first = local_signer(tmp_path)
    assert local_signer(tmp_path).fingerprint == first.fingerprint
    assert keys.fingerprint(first.key().public_key()) == first.fingerprint
    assert (tmp_path / "dev-key.pem").stat().st_mode & 0o777 == 0o600
    (tmp_path / "dev-key.pem").unlink()
    keys.generate(tmp_path / "dev-key.pem")
    assert keys.fingerprint(local_public(tmp_path)) == keys.fingerprint(
        keys.load(tmp_path / "dev-key.pem").public_key()
    )


def test_a_key_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("no key")
    for name in ("no.pem", "gone.pem"):
        with pytest.raises(ImageError, match=name):
            signer(tmp_path / name)


def test_the_default_key_says_what_it_is_worth() -> None:
    named: Signer = signer("optee-default")
    assert "protects nothing" in named.notes[0]
    assert named.fingerprint == keys.fingerprint(packing.default_public())
