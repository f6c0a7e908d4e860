"""Archives: the same bytes for the same content; what is not as a pack's archive is goes no further than the gate."""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
import struct
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from dealwright import packs
from dealwright.errors import ConflictError, DefinitionError
from dealwright.packs import gate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dealwright.storage import Database

HEAD = {"format": 1, "id": "shop_pack", "ns": "shop", "version": "1.2.0", "title": "Shop", "platform": ">=0.1 <1"}
THING = {
    "kind": "entity",
    "id": "shop.thing",
    "title": "Thing",
    "properties": {"name": {"field": "text", "title": "Name"}},
}


def pack(place: Path, **more: Any) -> Path:
    folder = place / "shop_pack"
    for name, content in {"pack.json": {**HEAD, **more}, "entities/thing.json": THING}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return folder


def zipped(*entries: tuple[str, bytes], mode: int = stat.S_IFREG | 0o644, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip file with these entries, whatever they are."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", method) as archive:
        for name, content in entries:
            one = zipfile.ZipInfo(name)
            one.filename = name  # the constructor changes what it finds odd
            one.external_attr = mode << 16
            one.compress_type = method
            archive.writestr(one, content)
    return whole.getvalue()


def changed(data: bytes, at: int, value: bytes) -> bytes:
    """Return an archive with other bytes in the first entry of its directory."""
    start = data.find(b"PK\x01\x02") + at
    return data[:start] + value + data[start + len(value) :]


def test_the_same_content_gives_the_same_bytes_wherever_it_lies_and_whenever_it_was_written(tmp_path: Path) -> None:
    first = packs.archive.build(pack(tmp_path / "a"), tmp_path / "out")
    folder = pack(tmp_path / "somewhere" / "else")
    for file in folder.rglob("*"):
        os.utime(file, (0, 0))
    (folder / "pack.json").chmod(0o600)
    second = packs.archive.build(folder, tmp_path / "other")
    assert first.path.name == "shop_pack-1.2.0.zip"
    assert first.path.read_bytes() == second.path.read_bytes()
    assert (first.digest, first.files) == (second.digest, 2)
    with zipfile.ZipFile(first.path) as archive:
        assert archive.namelist() == ["META/files.json", "entities/thing.json", "pack.json"]


def test_another_compression_of_the_same_content_has_the_same_digest(tmp_path: Path) -> None:
    made = packs.archive.build(pack(tmp_path), tmp_path / "out")
    with zipfile.ZipFile(made.path) as archive:
        entries = [(one, archive.read(one)) for one in reversed(archive.namelist())]
    again = tmp_path / "again.zip"
    again.write_bytes(zipped(*entries, method=zipfile.ZIP_STORED))
    assert again.read_bytes() != made.path.read_bytes()
    assert packs.archive.digest_of(again) == made.digest


def test_a_version_is_never_built_with_other_content(tmp_path: Path) -> None:
    made = packs.archive.build(pack(tmp_path), tmp_path)
    before = made.path.read_bytes()
    assert packs.archive.build(pack(tmp_path), tmp_path) == made
    with pytest.raises(ConflictError, match="a version never changes"):
        packs.archive.build(pack(tmp_path, title="Another shop"), tmp_path)
    assert made.path.read_bytes() == before
    assert packs.archive.build(pack(tmp_path, title="Another shop", version="1.2.1"), tmp_path).digest != made.digest


def test_a_pack_with_a_fault_is_not_built(tmp_path: Path) -> None:
    folder = pack(tmp_path)
    (folder / "entities" / "thing.json").write_text(json.dumps({**THING, "colour": "red"}), encoding="utf-8")
    with pytest.raises(DefinitionError, match="/colour"):
        packs.archive.build(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_was_built_is_unpacked_as_it_was_and_removed_afterwards(tmp_path: Path) -> None:
    folder = pack(tmp_path)
    made = packs.archive.build(folder, tmp_path)
    with packs.archive.unpacked(made.path) as found:
        assert packs.read(found).layer == packs.read(folder).layer
        assert sorted(one.name for one in found.iterdir()) == ["entities", "pack.json"]
    assert not found.exists()


GOOD = (("pack.json", b"{}"), ("entities/a.json", b"{}"))
#: Eighteen archives that a stranger may send, and more: name, bytes, code of the refusal.
BAD: list[tuple[str, Callable[[], bytes], str]] = [
    ("a path upwards", lambda: zipped(("../../etc/x.json", b"{}")), "bad-file-name"),
    ("an absolute path", lambda: zipped(("/etc/x.json", b"{}")), "bad-file-name"),
    ("backslashes", lambda: zipped(("a\\..\\x.json", b"{}")), "bad-file-name"),
    ("a drive", lambda: zipped(("C:/x.json", b"{}")), "bad-file-name"),
    ("a hidden folder", lambda: zipped((".git/config.json", b"{}")), "bad-file-name"),
    ("a device of Windows", lambda: zipped(("CON.json", b"{}")), "bad-file-name"),
    ("a name that ends in a dot", lambda: zipped(("a.json.", b"{}")), "bad-file-name"),
    ("a name that is cut at a zero byte", lambda: zipped(("a.json\0.py", b"{}")), "bad-file-name"),
    ("a name in other letters", lambda: zipped(("实体.json", b"{}")), "bad-file-name"),
    ("an empty part", lambda: zipped(("a//b.json", b"{}")), "bad-file-name"),
    ("nine folders", lambda: zipped(("a/a/a/a/a/a/a/a/b.json", b"{}")), "bad-file-name"),
    ("a symbolic link", lambda: zipped(("a.json", b"/etc/passwd"), mode=stat.S_IFLNK | 0o777), "symbolic-link"),
    ("a pipe", lambda: zipped(("a.json", b""), mode=stat.S_IFIFO | 0o644), "symbolic-link"),
    ("a file twice", lambda: zipped(("a.json", b"{}"), ("a.json", b"[]")), "same-name"),
    ("names that differ in case", lambda: zipped(("A.json", b"{}"), ("a.json", b"[]")), "same-name"),
    ("a bomb", lambda: zipped(("a.json", b" " * 900_000)), "too-large"),
    ("a large file", lambda: zipped(("a.json", os.urandom(1_000_001)), method=zipfile.ZIP_STORED), "too-large"),
    ("a folder with bytes in it", lambda: zipped(("a/", b"{}"), mode=stat.S_IFDIR | 0o755), "too-large"),
    ("many files", lambda: zipped(*((f"f{i}.json", b"{}") for i in range(2_001))), "too-many-files"),
    ("no zip file", lambda: b"hello", "not-a-zip"),
    ("nothing", lambda: b"", "not-a-zip"),
    ("an archive that is too large", lambda: b"PK\x03\x04" + b"\0" * gate.MAX_ARCHIVE, "too-large"),
    ("a wrong size", lambda: changed(zipped(("a.json", b"x" * 5_000)), 24, struct.pack("<I", 10)), "damaged"),
    ("a wrong checksum", lambda: changed(zipped(("a.json", b"x" * 50)), 16, b"\0\0\0\0"), "damaged"),
    ("an encrypted file", lambda: changed(zipped(*GOOD), 8, b"\x01"), "encrypted"),
    ("another compression", lambda: zipped(("a.json", b"{}"), method=zipfile.ZIP_BZIP2), "bad-compression"),
    ("something before the first file", lambda: b"#!/bin/sh\n" + zipped(*GOOD), "overlapping"),
    ("two entries in the same bytes", lambda: shared(), "overlapping"),
]  # fmt: skip


def shared() -> bytes:
    """Return an archive whose second entry claims the bytes of the first."""
    data = zipped(("a.json", b"{}"), ("b.json", b"{}"))
    second = data.find(b"PK\x01\x02", data.find(b"PK\x01\x02") + 4)
    return data[: second + 42] + struct.pack("<I", 0) + data[second + 46 :]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(("made", "code"), [pytest.param(made, code, id=name) for name, made, code in BAD])
def test_a16_a_bad_archive_is_refused(made: Callable[[], bytes], code: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        gate.entries(made(), "shop.zip")
    assert code in {one.code for one in refused.value.problems}
    assert all("\0" not in one.source for one in refused.value.problems)


def test_a_good_archive_passes_with_its_folders() -> None:
    assert gate.entries(zipped(*GOOD), "shop.zip") == dict(sorted(GOOD))
    assert gate.entries(zipped(("entities/", b""), mode=stat.S_IFDIR | 0o755), "shop.zip") == {}


def test_what_grows_beyond_all_bounds_is_stopped_while_it_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "MAX_TOTAL", 100_000)
    with pytest.raises(DefinitionError, match="grows beyond what is taken"):
        gate.entries(zipped(*((f"{i}.json", os.urandom(40_000)) for i in range(3))), "shop.zip")


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ({"pack.json": b"{}"}, "changed"),
        ({"entities/thing.json": None}, "changed"),
        ({"entities/more.json": b"{}"}, "changed"),
        ({"META/files.json": None}, "no-list"),
        ({"META/files.json": b"[]"}, "wrong-list"),
        ({"META/files.json": b'{"format": 1, "files": []}'}, "wrong-list"),
        ({"META/more.json": b"{}"}, "changed"),
    ],
)
def test_an_archive_that_was_changed_after_it_was_built_is_refused(
    tmp_path: Path, entries: dict[str, bytes | None], code: str
) -> None:
    made = packs.archive.build(pack(tmp_path), tmp_path)
    with zipfile.ZipFile(made.path) as archive:
        content: dict[str, bytes | None] = {one: archive.read(one) for one in archive.namelist()}
    content |= entries
    other = tmp_path / "other.zip"
    other.write_bytes(zipped(*((name, one) for name, one in content.items() if one is not None)))
    with pytest.raises(DefinitionError) as refused:
        packs.archive.opened(other)
    assert {one.code for one in refused.value.problems} == {code}


def test_a_release_in_force_cannot_be_replaced_by_another_of_its_version(sqlite_url: str, tmp_path: Path) -> None:
    from dealwright.storage import Database

    with Database(sqlite_url) as database:
        install(database, pack(tmp_path))
        with database.read() as connection:
            present = packs.active_packs(connection)
        packs.archive.demand_same(packs.read(pack(tmp_path)), present)
        packs.archive.demand_same(packs.read(pack(tmp_path, title="Another", version="1.2.1")), present)
        with pytest.raises(ConflictError, match="in force with other content"):
            packs.archive.demand_same(packs.read(pack(tmp_path, title="Another")), present)


def install(database: Database, folder: Path) -> None:
    packs.install(database, [packs.read(folder)])


def test_an_archive_is_installed_and_checked_by_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_url: str
) -> None:
    from click.testing import CliRunner

    from dealwright.cli import main

    def said(*words: object, expect: int = 0) -> str:
        done = CliRunner().invoke(main, [str(one) for one in words])
        assert done.exit_code == expect, done.output
        return done.output

    monkeypatch.setenv("DEALWRIGHT_DATABASE_URL", sqlite_url)
    built = json.loads(said("pack", "build", pack(tmp_path), "--to", tmp_path / "out", "--json"))
    shutil.rmtree(tmp_path / "shop_pack")
    assert said("check", built["path"]) == "no problems\n"
    said("init")
    assert "shop_pack 1.2.0" in said("pack", "install", built["path"])
    assert "was in force already" in said("pack", "install", built["path"])
    other = said("pack", "build", pack(tmp_path, title="Another"), "--to", tmp_path / "other")
    assert "sha256" in other
    refused = said("pack", "install", tmp_path / "other" / "shop_pack-1.2.0.zip", expect=1)
    assert "a version never changes" in refused
    (tmp_path / "bad.zip").write_bytes(b"hello")
    assert "it is no zip file" in said("pack", "install", tmp_path / "bad.zip", expect=1)
    assert "it is no zip file" in said("check", tmp_path / "bad.zip", expect=1)
