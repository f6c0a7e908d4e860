"""The built scripts, styles, icons and font: which hashed file a name stands for, and how they are served.

``ui/build.mjs`` writes ``static/dist`` with hashes in the names and a manifest. A file whose name has a hash never
changes, so browsers keep it for good; the compressed twins beside it are sent to browsers that take them.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whitenoise import WhiteNoise

from dealwright.web.csp import HEADERS

if TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.headers import Headers

STATIC = Path(__file__).parent / "static"
#: Where the browser finds them.
PREFIX = "/static/"
_HASHED = re.compile(r"-[A-Z0-9]{8}\.\w+$")


@cache
def _manifest() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((STATIC / "dist" / "manifest.json").read_text("utf-8"))
    return found


def asset(name: str) -> str:
    """Return the address of a built file by the name of its source, such as ``app.js`` or ``icons.svg``.

    Raises:
        KeyError: If the build made no such file; run ``node build.mjs`` in ``ui/``.
    """
    return f"{PREFIX}dist/{_manifest()[name]['file']}"


@cache
def icons() -> frozenset[str]:
    """Return the names of the icons in the sprite."""
    sprite = (STATIC / "dist" / _manifest()["icons.svg"]["file"]).read_text("utf-8")
    return frozenset(re.findall(r'<symbol id="([a-z0-9-]+)"', sprite))


def imports(name: str) -> tuple[str, ...]:
    """Return the addresses of the chunks that a script imports, for ``modulepreload``."""
    return tuple(f"{PREFIX}dist/{file}" for file in _manifest()[name]["imports"])


def served(application: Callable[..., Any]) -> WhiteNoise:
    """Return ``application`` with the static files in front of it, each with the security headers.

    Files are found once, at the start, so no request can walk the file system.
    """
    return WhiteNoise(
        application,
        root=str(STATIC),
        prefix=PREFIX,
        max_age=3600,
        immutable_file_test=lambda _path, url: _HASHED.search(url) is not None,
        add_headers_function=_add_headers,
        allow_all_origins=False,
        mimetypes={".webmanifest": "application/manifest+json"},
    )


def _add_headers(headers: Headers, path: str, url: str) -> None:
    for name, value in HEADERS.items():
        headers[name] = value
    if url.endswith("/worker.js"):
        headers["Service-Worker-Allowed"] = "/"  # it lies among the static files and looks after all pages
        headers["Cache-Control"] = "no-cache"
