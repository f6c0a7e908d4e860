"""``pack key``, ``sign``, ``verify``, ``trust`` and ``lock``: whose a release is, and which ones a workspace runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import click

from dealwright import packs
from dealwright.cli.places import database_option, json_option, opened, show, told
from dealwright.errors import NotFoundError
from dealwright.storage import releases as stored

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@json_option
@told
def key(file: Path, as_json: bool) -> None:
    """Make a key to sign archives with: FILE is the private half, what is printed the public one.

    Keep FILE where nobody else reads it, and publish the line.

    dealwright pack key acme.key
    """
    public = packs.signature.new_key(file)
    show({"file": str(file), "key": public}, as_json, public)


@click.command()
@click.argument("archive", metavar="ARCHIVE", type=_FILE)
@click.option("--key", "file", required=True, metavar="FILE", type=_FILE, help="Private key, made by pack key.")
@click.option("--publisher", default="", metavar="NAME", help="In whose name; else as pack.json says.")
@json_option
@told
def sign(archive: Path, file: Path, publisher: str, as_json: bool) -> None:
    """Sign an archive, so that others can see whose release it is. Its digest stays as it is.

    dealwright pack sign dist/my_pack-1.0.0.zip --key acme.key
    """
    made = packs.archive.sign(archive, packs.signature.read_key(file), publisher)
    _told(made, as_json)


@click.command()
@click.argument("archive", metavar="ARCHIVE", type=_FILE)
@click.option("--key", "public", default="", metavar="KEY", help="Public key that must have signed it.")
@json_option
@told
def verify(archive: Path, public: str, as_json: bool) -> None:
    """Look whether an archive is whole, and who has signed it. Exit code 1 if not, or not by --key.

    dealwright pack verify my_pack-1.0.0.zip --key ed25519:...
    """
    made = packs.archive.looked_at(archive)
    _told(made, as_json)
    if public and (made.signature is None or made.signature.key != public):
        raise NotFoundError(f"{archive} is not signed by this key")


def _told(made: packs.archive.Archive, as_json: bool) -> None:
    whose = made.signature
    said = f"signed by {whose.publisher} with {whose.key}" if whose is not None else "signed by nobody"
    show(
        {
            "path": str(made.path),
            "id": made.id,
            "version": made.version,
            "digest": made.digest,
            "publisher": whose.publisher if whose is not None else None,
            "key": whose.key if whose is not None else None,
        },
        as_json,
        f"{made.path}: {made.id} {made.version}, sha256 {made.digest}, {said}",
    )


@click.command()
@click.argument("publisher", required=False, metavar="PUBLISHER")
@click.argument("public", required=False, metavar="KEY")
@click.option("--remove", is_flag=True, help="Trust it no more.")
@database_option
@json_option
@told
def trust(url: str, publisher: str | None, public: str | None, remove: bool, as_json: bool) -> None:
    """Trust a key of a publisher, or list the keys that are trusted.

    How much a signature counts is the setting require_signature: off, warn or enforce.

    dealwright pack trust acme ed25519:...
    """
    if publisher is not None and public is None:
        raise click.UsageError("name the publisher and the key, or neither to list them")
    with opened(url) as workspace:
        if publisher is not None and public is not None:
            with workspace.database.write() as connection:
                packs.trust.change(connection, publisher, public, trusted=not remove)
        with workspace.database.read() as connection:
            found = stored.keys(connection)
    lines = [f"{name} {one}" for name, some in found.items() for one in some]
    show({"keys": found}, as_json, *(lines or ["no key is trusted yet"]))


@click.command()
@click.option("--to", "target", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write it there.")
@database_option
@json_option
@told
def lock(url: str, target: Path | None, as_json: bool) -> None:
    """Print the lock file of a workspace: which release of each pack is in force, by its digest.

    With pack install --locked FILE another workspace gets these releases and no others.

    dealwright pack lock --to packs.lock
    """
    with opened(url) as workspace, workspace.database.read() as connection:
        found = packs.trust.lock(connection, packs.active_packs(connection))
    text = json.dumps(found, indent=2, sort_keys=True)
    if target is not None:
        target.write_text(text + "\n", encoding="utf-8")
    show(found, as_json, text if target is None else f"{target}: {len(found['packs'])} packs")


#: What the group ``pack`` gets from here.
COMMANDS: Final = (key, sign, verify, trust, lock)
