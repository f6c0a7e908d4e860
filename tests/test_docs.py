"""What the pages say is true: their commands run, their links lead somewhere, their targets exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dealwright.resources import shipped

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").rglob("*.md"))]
TESTED = re.compile(r"^<!-- tested -->\n```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
BLOCKS = [
    pytest.param(block, id=f"{page.name}-{number}")
    for page in PAGES
    for number, block in enumerate(TESTED.findall(page.read_text(encoding="utf-8")), start=1)
]


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("block", BLOCKS)
def test_the_commands_of_a_page_work(block: str, tmp_path: Path) -> None:
    for name, target in [
        ("rule_packs", shipped("rule_packs")),
        ("examples", ROOT / "examples"),
        ("tests", ROOT / "tests"),
    ]:
        (tmp_path / name).symlink_to(target)
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "DEALWRIGHT_DATABASE_URL": f"sqlite:///{tmp_path}/workspace.db",
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_readme_has_commands_to_test() -> None:
    assert any(block.id.startswith("README") for block in BLOCKS)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_to_other_files_lead_somewhere(page: Path) -> None:
    # A link to the definitions leads into the checkout, or to where an installed package keeps them.
    def there(link: str) -> bool:
        first, _, rest = link.partition("/")
        return (page.parent / link).exists() or (
            first in ("rule_packs", "metadata") and (shipped(first) / rest).exists()
        )

    assert [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not there(link)] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_each_make_target_on_a_page_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    said = re.findall(r"(?:^|`)make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(said) <= targets
