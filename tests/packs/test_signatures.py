"""Whose a release is: signatures, keys that are trusted, namespaces that belong to somebody, versions that never change."""

from __future__ import annotations

import base64
import json
import shutil
import stat
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from dealwright import clock, packs
from dealwright.cli import main
from dealwright.errors import ConflictError, DefinitionError, NotFoundError
from dealwright.packs import archive, releases, signature, trust
from dealwright.storage import Database
from dealwright.storage import releases as stored
from shop_pack import SHOP, THING, pack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dealwright.storage import Connection

#: Ed25519 key of RFC 8032, section 7.1, test 1, in PKCS 8 (RFC 8410): private and public half.
SECRET = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
PUBLIC = "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


@pytest.fixture(scope="module")
def shared(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("releases") / "workspace.db"
    shutil.copy(sqlite_template, path)
    with Database(f"sqlite:///{path}") as database:
        yield database


@pytest.fixture
def connection(shared: Database) -> Iterator[Connection]:
    """A transaction of which nothing stays."""
    with shared.write() as connection:
        nothing = connection.begin_nested()
        yield connection
        nothing.rollback()


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Return a file with the key of RFC 8032."""
    der = bytes.fromhex(f"302e020100300506032b657004220420{SECRET}")
    file = tmp_path / "rfc.key"
    file.write_text(f"-----BEGIN PRIVATE KEY-----\n{base64.b64encode(der).decode()}\n-----END PRIVATE KEY-----\n")
    return file


def signed(place: Path, key: Path, publisher: str = "acme", **more: Any) -> Path:
    made = archive.build(pack(place, **more), place / "out")
    return archive.sign(made.path, signature.read_key(key), publisher).path


def test_a_signed_archive_says_whose_it_is_and_keeps_its_digest(tmp_path: Path, key: Path) -> None:
    made = archive.build(pack(tmp_path), tmp_path / "out")
    done = archive.sign(made.path, signature.read_key(key), "acme")
    assert done.signature == signature.Signature("acme", PUBLIC)
    assert (done.digest, done.files, done.version) == (made.digest, made.files, "1.2.0")
    assert archive.looked_at(made.path) == done
    with archive.unpacked(made.path) as folder:
        assert not (folder / "META").exists()


def test_signing_twice_gives_the_same_bytes(tmp_path: Path, key: Path) -> None:
    path = signed(tmp_path, key)
    first = path.read_bytes()
    archive.sign(path, signature.read_key(key), "acme")
    assert path.read_bytes() == first


def test_a_new_key_is_its_owners_alone_and_never_written_over(tmp_path: Path) -> None:
    file = tmp_path / "acme.key"
    public = signature.new_key(file)
    assert public.startswith("ed25519:") and len(signature.key_bytes(public)) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(ConflictError, match="there already"):
        signature.new_key(file)
    made = archive.build(pack(tmp_path), tmp_path / "out")
    whose = archive.sign(made.path, signature.read_key(file), "acme").signature
    assert whose is not None and whose.key == public


def test_the_publisher_is_the_one_of_the_manifest(tmp_path: Path, key: Path) -> None:
    private = signature.read_key(key)
    nameless = archive.build(pack(tmp_path / "a"), tmp_path / "a").path
    with pytest.raises(DefinitionError, match="nobody is named"):
        archive.sign(nameless, private)
    named = archive.build(pack(tmp_path / "b", publisher={"id": "acme", "name": "Acme"}), tmp_path / "b").path
    assert archive.sign(named, private).signature == signature.Signature("acme", PUBLIC)
    with pytest.raises(DefinitionError, match="names the publisher “acme”"):
        archive.sign(named, private, "other")


def changed(path: Path, target: Path, change: dict[str, Any]) -> Path:
    """Write an archive with other values in its signature."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == signature.FILE:
                content = json.dumps({**json.loads(content), **change}).encode()
            new.writestr(zipfile.ZipInfo(name), content)
    return target


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"publisher": "other"}, "does not fit"),
        ({"signature": "A" * 86 + "=="}, "does not fit"),
        ({"signature": "not base64"}, "does not fit"),
        ({"key": "ed25519:" + "A" * 43 + "="}, "does not fit"),
        ({"key": "rsa:AAAA"}, "does not fit"),
        ({"algorithm": "none"}, "is no signature"),
        ({"more": 1}, "is no signature"),
        ({"key": 7}, "is no signature"),
    ],
)
def test_a_signature_that_was_changed_is_refused(
    tmp_path: Path, key: Path, change: dict[str, Any], message: str
) -> None:
    other = changed(signed(tmp_path, key), tmp_path / "other.zip", change)
    with pytest.raises(DefinitionError, match=message):
        archive.looked_at(other)


def test_a_signature_of_one_release_is_none_of_another(tmp_path: Path, key: Path) -> None:
    with zipfile.ZipFile(signed(tmp_path / "a", key)) as first:
        content = first.read(signature.FILE)
    other = archive.build(pack(tmp_path / "b", version="1.2.1"), tmp_path / "b").path
    with zipfile.ZipFile(other, "a") as second:
        second.writestr(zipfile.ZipInfo(signature.FILE), content)
    with pytest.raises(DefinitionError, match="does not fit"):
        archive.looked_at(other)


@pytest.mark.parametrize("text", ["", "hello", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_private_key_signs_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "k").write_text(text)
    with pytest.raises(DefinitionError, match="cannot be used"):
        signature.read_key(tmp_path / "k")


# What comes in --------------------------------------------------------------------------------------------------------


def release(**more: Any) -> stored.Release:
    facts = {"pack": "shop", "namespace": "shop", "version": "1.0.0", "digest": "d1", "origin": "archive"}
    return stored.Release(**facts | more)


ACME = {"publisher": "acme", "key": PUBLIC}
OTHER_KEY = "ed25519:PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw="

#: What was here, what comes in, and the codes for which it may not, under the policy off.
COMING: list[tuple[str, list[dict[str, Any]], dict[str, Any], list[str]]] = [
    ("a first release", [], {}, []),
    ("the same release again", [{}], {}, []),
    ("a later release", [{}], {"version": "1.1.0", "digest": "d2"}, []),
    ("a version with other content", [{}], {"digest": "d2"}, ["changed-release"]),
    ("a folder with other content", [{"origin": "folder"}], {"origin": "folder", "digest": "d2"}, []),
    ("a lower version", [{"version": "1.1.0", "digest": "d2"}], {}, ["downgrade"]),
    ("a reserved namespace", [], {"namespace": "core"}, ["reserved-namespace"]),
    ("the namespace of a shipped pack", [], {"namespace": "sales"}, ["foreign-namespace"]),
    ("another release of a shipped pack", [], {"pack": "sales_pipeline", "namespace": "sales"}, ["foreign-namespace"]),
    ("the namespace of another pack", [{}], {"pack": "store", "digest": "d2"}, ["foreign-namespace"]),
    ("the same publisher", [ACME], {**ACME, "version": "1.1.0"}, []),
    ("nobody, after a publisher", [ACME], {"version": "1.1.0"}, ["foreign-namespace"]),
    ("another publisher", [ACME], {"publisher": "evil", "key": OTHER_KEY, "version": "1.1.0"}, ["foreign-namespace"]),
    ("a name without its key", [ACME], {"publisher": "acme", "key": OTHER_KEY, "version": "1.1.0"}, ["foreign-namespace"]),
    ("a publisher, after nobody", [{}], {**ACME, "version": "1.1.0"}, []),
]  # fmt: skip


@pytest.mark.parametrize(("before", "coming", "codes"), [one[1:] for one in COMING], ids=[one[0] for one in COMING])
def test_what_may_come_in(
    connection: Connection, before: list[dict[str, Any]], coming: dict[str, Any], codes: list[str]
) -> None:
    trust.note(connection, [release(**one) for one in before], by=None, at=clock.now())
    try:
        found = [one.code for one in trust.admit(connection, [release(**coming)], policy="off")]
    except ConflictError as error:
        found = [one.code for one in error.problems]
    assert found == codes


def test_a_new_key_of_the_same_publisher_comes_in_once_it_is_trusted(connection: Connection) -> None:
    coming = [release(publisher="acme", key=OTHER_KEY, version="1.1.0", digest="d2")]
    trust.note(connection, [release(**ACME)], by=None, at=clock.now())
    with pytest.raises(ConflictError, match="pack trust acme"):
        trust.admit(connection, coming, policy="off")
    trust.change(connection, "acme", OTHER_KEY, trusted=True)
    assert trust.admit(connection, coming, policy="enforce") == []
    trust.change(connection, "acme", OTHER_KEY, trusted=False)
    with pytest.raises(NotFoundError):
        trust.change(connection, "acme", OTHER_KEY, trusted=False)
    with pytest.raises(DefinitionError):
        trust.change(connection, "acme", "ed25519:AAAA", trusted=True)


@pytest.mark.parametrize(
    ("origin", "whose", "off", "warn", "enforce"),
    [
        ("archive", {}, [], ["not-signed"], "not-signed"),
        ("archive", {"publisher": "new", "key": OTHER_KEY}, [], ["unknown-key"], "unknown-key"),
        ("archive", ACME, [], [], None),
        ("folder", {}, [], [], "not-signed"),
        ("shipped", {}, [], [], None),
        ("distribution", {}, [], [], None),
    ],
)
def test_how_much_a_signature_counts_is_a_setting(
    connection: Connection, origin: str, whose: dict[str, str], off: list[str], warn: list[str], enforce: str | None
) -> None:
    one = release(origin=origin, **whose)
    trust.change(connection, "acme", PUBLIC, trusted=True)
    assert [p.code for p in trust.admit(connection, [one], policy="off")] == off
    assert [p.code for p in trust.admit(connection, [one], policy="warn")] == warn
    if enforce is None:
        assert trust.admit(connection, [one], policy="enforce") == []
    else:
        with pytest.raises(ConflictError) as refused:
            trust.admit(connection, [one], policy="enforce")
        assert [p.code for p in refused.value.problems] == [enforce]


def test_releases_are_remembered_with_what_they_put_in_force(database: Database, tmp_path: Path, key: Path) -> None:
    path = signed(tmp_path, key)
    with archive.unpacked(path) as folder:
        source = packs.read(folder)
        done = packs.install(database, [source], archives={"shop": releases.of_archive(path, source)})
    assert [one.code for one in done.warnings] == ["unknown-key"]
    with database.read() as connection:
        assert [(one.pack, one.publisher, one.key, one.origin) for one in stored.all_of(connection)] == [
            ("shop", "acme", PUBLIC, "archive")
        ]
        locked = trust.lock(connection, packs.active_packs(connection))
    assert locked["packs"]["shop"]["digest"] == archive.looked_at(path).digest
    other = archive.build(pack(tmp_path / "b", version="1.3.0"), tmp_path / "b").path
    with archive.unpacked(other) as folder, pytest.raises(ConflictError, match="this release is not signed"):
        source = packs.read(folder)
        packs.install(database, [source], archives={"shop": releases.of_archive(other, source)})


def test_a_folder_an_archive_and_an_installed_distribution_of_one_content_have_one_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = archive.build(pack(tmp_path / "acme_packs"), tmp_path / "out")
    info = tmp_path / "acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[dealwright.packs]\nacme = acme_packs\n")
    folder = releases.of_folder(packs.read(tmp_path / "acme_packs" / "shop"))
    assert (folder.digest, folder.origin) == (made.digest, "folder")
    monkeypatch.syspath_prepend(tmp_path)
    there = releases.of_folder(packs.read(packs.find()["shop"]))
    assert (there.digest, there.origin) == (made.digest, "distribution")
    assert releases.of_folder(packs.read(packs.find()["sales_pipeline"])).origin == "shipped"


def test_an_archive_is_signed_trusted_locked_and_installed_by_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_url: str
) -> None:
    def said(*words: object, expect: int = 0) -> str:
        done = CliRunner().invoke(main, [str(one) for one in words])
        assert done.exit_code == expect, done.output
        return done.output

    monkeypatch.setenv("DEALWRIGHT_DATABASE_URL", sqlite_url)
    public = said("pack", "key", tmp_path / "acme.key").strip()
    built = json.loads(said("pack", "build", pack(tmp_path), "--to", tmp_path / "out", "--json"))["path"]
    assert "signed by nobody" in said("pack", "verify", built)
    said("pack", "sign", built, "--key", tmp_path / "acme.key", "--publisher", "acme")
    assert f"signed by acme with {public}" in said("pack", "verify", built, "--key", public)
    said("pack", "verify", built, "--key", PUBLIC, expect=1)
    said("init")
    said("settings", "require_signature=enforce")
    assert "key is not known" in said("pack", "install", built, expect=1)
    assert "no key is trusted" in said("pack", "trust")
    assert public in said("pack", "trust", "acme", public)
    first = said("pack", "install", built)
    assert "shop may create records of base.task" in first
    said("pack", "lock", "--to", tmp_path / "packs.lock")
    assert "was in force already" in said("pack", "install", built, "--locked", tmp_path / "packs.lock")
    later = pack(tmp_path / "later", version="1.3.0", permissions=SHOP_MAY_CALL)
    refused = said("pack", "install", later, "--locked", tmp_path / "packs.lock", expect=1)
    assert "names other releases" in refused
    assert "may now call the connection erp" in said("pack", "install", later, expect=1)


SHOP_MAY_CALL = {"entities": {"base.task": ["create"]}, "grants_roles": ["shop.clerk"], "connections": ["erp"]}


def test_a_release_says_what_it_may_do(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="a release says under “permissions”"):
        archive.build(pack(tmp_path / "a", SHOP), tmp_path)
    assert archive.build(pack(tmp_path / "b", {"entities/thing.json": THING}), tmp_path).files == 2
