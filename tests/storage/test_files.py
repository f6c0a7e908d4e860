"""Files are whole or not there, are what their bytes say, and have harmless names."""

from __future__ import annotations

import hashlib
import io
import os
from datetime import timedelta

import pytest
import sqlalchemy as sa

from dealwright import clock
from dealwright.errors import NotFoundError, TooLargeError
from dealwright.storage import files, system

from .conftest import NOON

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def add(database, folder, content=b"hello", name="a.txt"):
    kept = files.keep(folder, io.BytesIO(content))
    with database.write() as connection:
        return files.add(connection, kept, name, by="u1")


def names(folder):
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


def test_content_lies_under_its_digest_and_is_stored_once(database, tmp_path):
    digest = hashlib.sha256(b"hello").hexdigest()
    first, second = add(database, tmp_path / "files"), add(database, tmp_path / "files", name="b.txt")
    assert first.digest == second.digest == digest
    assert first.id != second.id
    assert names(tmp_path / "files") == [f"{digest[:2]}/{digest}"]
    assert files.path(tmp_path / "files", digest).read_bytes() == b"hello"
    with database.read() as connection:
        assert files.get(connection, first.id) == first
        assert set(files.many(connection, [first.id, second.id, "no", "\0"])) == {first.id, second.id}
    assert files.value(first) == {"id": first.id, "name": "a.txt", "size": 5, "type": "text/plain"}


def test_a_file_that_is_too_large_leaves_nothing_behind(tmp_path):
    with pytest.raises(TooLargeError):
        files.keep(tmp_path, io.BytesIO(b"x" * 200_000), largest=199_999)
    assert names(tmp_path) == []
    assert files.keep(tmp_path, io.BytesIO(b"x" * 200_000), largest=200_000).size == 200_000


def test_a_broken_upload_leaves_nothing_behind(tmp_path):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            if self.tell():
                raise ConnectionError("gone")
            return super().read(size)

    with pytest.raises(ConnectionError):
        files.keep(tmp_path, Broken(b"x" * 100_000))
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        (PNG, "a.exe", "image/png"),
        (b"\xff\xd8\xff\xe0", "a.png", "image/jpeg"),
        (b"GIF89a..", "x", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "x", "image/webp"),
        (b"%PDF-1.7", "x.html", "application/pdf"),
        (b"PK\x03\x04", "x.zip", "application/zip"),
        (b"PK\x03\x04", "x.XLSX", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (b"PK\x03\x04", "x.png", "application/zip"),
        ("größe 中".encode(), "x", "text/plain"),
        ("größe 中".encode()[:-1], "x", "text/plain"),
        (b"\xef\xbb\xbfa;b", "x.CSV", "text/csv"),
        (b"<script>alert(1)</script>", "x.html", "text/plain"),
        (b"<svg onload=alert(1)>", "x.svg", "text/plain"),
        (b"\xff\xfe<\0s\0", "x.txt", "application/octet-stream"),
        (b"a\0b", "x.txt", "application/octet-stream"),
        (b"\xc3(" + b"a" * 10, "x.txt", "application/octet-stream"),
        (b"MZ\x90\0", "x.jpg", "application/octet-stream"),
        (b"", "x.txt", "application/octet-stream"),
    ],
)
def test_the_type_follows_from_the_bytes(head, name, kind):
    assert files.type_of(head, name) == kind


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.txt", "a.txt"),
        ("a\0b\r\n.txt", "ab.txt"),
        ("invoice\u202egpj.exe", "invoicegpj.exe"),
        ("  .hidden. ", "hidden"),
        ("合同 2026.pdf", "合同 2026.pdf"),
        ('a<b>:"c|d?*.txt', "a_b___c_d__.txt"),
        ("", "file"),
        ("..", "file"),
        ("\ud800.txt", "txt"),
        ("x" * 300 + ".docx", "x" * 145 + ".docx"),
    ],
)
def test_names_are_harmless(name, clean):
    assert files.clean_name(name) == clean


def test_a_digest_cannot_lead_out_of_the_folder(tmp_path):
    for bad in ("../../x", "", "A" * 64, "0" * 63, "0" * 64 + "\n"):
        with pytest.raises(ValueError, match="digest"):
            files.path(tmp_path, bad)


def test_only_files_that_no_record_names_for_a_day_are_removed(database, tmp_path):
    folder = tmp_path / "files"
    with clock.frozen(NOON):
        shared, old, kept = (add(database, folder, content) for content in (b"1", b"2", b"3"))
        twin = add(database, folder, b"1", "twin.txt")
        with database.write() as connection:
            files.attach(connection, [twin.id, kept.id], "sales.deal", "d1")
        (folder / ".new-broken").write_bytes(b"half")
        (folder / "workspace.db").write_bytes(b"not ours to remove")
        aged(folder, NOON)
        assert files.sweep(database, folder) == 0
    with clock.frozen(NOON + timedelta(days=1, milliseconds=1)):
        young = add(database, folder, b"4")
        again = add(database, folder, b"5")
        with database.write() as connection:  # its row is a day old, but the same content has just been sent again
            connection.execute(sa.update(system.file).where(system.file.c.id == again.id).values(created_at=NOON))
        assert files.sweep(database, folder) == 3
        with database.read() as connection:
            ids = [one.id for one in (shared, old, kept, twin, young, again)]
            assert set(files.many(connection, ids)) == {kept.id, twin.id, young.id}
            with pytest.raises(NotFoundError):
                files.get(connection, old.id)
    assert {name.rpartition("/")[2] for name in names(folder)} == {
        "workspace.db",
        *(one.digest for one in (kept, twin, young, again)),
    }


def aged(folder, moment):
    for one in folder.rglob("*"):
        os.utime(one, (moment.timestamp(), moment.timestamp()))
