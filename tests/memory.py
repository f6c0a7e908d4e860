"""Where tests keep their databases: in memory where Linux offers that, so that no commit waits for a disk.

What a test shows does not depend on it: a process that is killed loses nothing that it has written, on a disk or not.
``DEALWRIGHT_TESTS_ON_DISK=1`` keeps everything in the ordinary folder for temporary files.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

#: Bytes that must be free; the whole suite takes less than a quarter of it at any time.
ENOUGH = 2 << 30


def folder() -> Path | None:
    """Return a folder in memory that is large enough and from which programs may be started; else None."""
    place = Path("/dev/shm")
    if os.environ.get("DEALWRIGHT_TESTS_ON_DISK") or not place.is_dir() or not os.access(place, os.W_OK):
        return None
    if os.statvfs(place).f_flag & os.ST_NOEXEC or shutil.disk_usage(place).free < ENOUGH:
        return None
    return place
