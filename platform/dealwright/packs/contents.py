"""Which files a pack may hold: data in known places, and nothing else.

A pack is data that a stranger may have written. What is not listed here is refused by name, symbolic links and large
files too, before anything is read. A pack holds no code; code is a plugin (``docs/writing-a-plugin.md``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dealwright.errors import Problem
from dealwright.metadata.folder import FOLDERS, LISTS
from dealwright.metadata.schemas import near

MAX_FILES: Final = 2_000
MAX_BYTES: Final = 1_000_000
_PART: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}\Z")
#: Names that Windows keeps for devices, whatever the extension.
_DEVICES: Final = frozenset(
    {"con", "prn", "aux", "nul", *(f"com{i}" for i in range(1, 10)), *(f"lpt{i}" for i in range(1, 10))}
)
#: Files at the top of a pack.
FILES: Final = frozenset({"pack.json", "CHANGELOG.json", "README.md", "LICENSE", "moves.json", "lint.json", *LISTS})
#: Folders at the top of a pack: extensions of the files in them, and how many folders deep they lie.
PLACES: Final[Mapping[str, tuple[frozenset[str], int]]] = {
    **{name: (frozenset({".json"}), 1) for name in FOLDERS},
    "extend": (frozenset({".json"}), 2),
    "i18n": (frozenset({".json"}), 1),
    "seed": (frozenset({".json"}), 1),
    "demo": (frozenset({".json"}), 1),
    "tests": (frozenset({".json"}), 6),
    "docs": (frozenset({".md", ".png"}), 6),
    "assets": (frozenset({".png"}), 6),
}


def is_name(name: str) -> bool:
    """Tell whether a file or folder of a pack may have this name, on every system."""
    return _PART.match(name) is not None and name.partition(".")[0].lower() not in _DEVICES


def problems(folder: Path, shown: str) -> list[Problem]:
    """Return everything in a pack's folder that may not be there; ``shown`` is how sources begin."""
    found: list[Problem] = []
    seen: dict[str, str] = {}
    count = 0
    waiting = [folder]
    while waiting:
        for entry in sorted(waiting.pop().iterdir()):
            count += 1
            if count > MAX_FILES:
                message = f"the pack has more than {MAX_FILES:,} files and folders; split it"
                return [*found, Problem("", "too-many-files", message, shown)]
            inner = entry.relative_to(folder)
            source = f"{shown}/{inner.as_posix()}".lstrip("/")
            fault = _fault(entry, inner)
            if fault is None:
                folded = unicodedata.normalize("NFC", inner.as_posix()).casefold()
                if folded in seen:
                    fault = ("same-name", f"differs only in case from {seen[folded]}; rename one")
                seen[folded] = inner.as_posix()
            if fault is not None:
                found.append(Problem("", *fault, source))
            elif entry.is_dir():
                waiting.append(entry)
    return found


def _fault(entry: Path, inner: Path) -> tuple[str, str] | None:
    """Return code and message of what is wrong with a file or folder, or None."""
    if entry.is_symlink():
        return "symbolic-link", "is a symbolic link; put the file itself there"
    if not is_name(entry.name):
        return (
            "bad-file-name",
            "a file's name is letters, digits, . _ and -, and starts with a letter or digit; rename it",
        )
    top = inner.parts[0]
    if entry.is_dir():
        if top not in PLACES:
            return "unknown-file", f"there is no folder “{top}” in a pack{near(top, PLACES) or _known(PLACES)}"
        if len(inner.parts) > PLACES[top][1]:
            return "unknown-file", f"“{top}” has no folders of folders this deep; move the files up"
        return None
    if not entry.is_file():
        return "unknown-file", "is neither a file nor a folder; remove it"
    if entry.stat().st_size > MAX_BYTES:
        return "too-large", f"has {entry.stat().st_size:,} bytes; at most {MAX_BYTES:,} are taken"
    if len(inner.parts) == 1:
        return None if top in FILES else ("unknown-file", f"is no file of a pack{near(top, FILES) or _known(FILES)}")
    kinds, _ = PLACES[top]
    if entry.suffix not in kinds:
        code = "; a pack holds no code" if entry.suffix in (".py", ".js", ".sql", ".sh") else ""
        return "unknown-file", f"“{top}” holds files that end in {' or '.join(sorted(kinds))}{code}; remove it"
    if top == "extend" and len(inner.parts) != 3:
        return (
            "unknown-file",
            "an extension lies in a folder named after the pack it extends: extend/<pack>/<name>.json",
        )
    return None


def _known(names: Mapping[str, object] | frozenset[str]) -> str:
    return f"; expected one of {', '.join(sorted(names))}"
