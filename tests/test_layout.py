"""The laws of the folders: what may lie where, and how large a module may be."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
#: Source root to the only package in it.
SOURCES = {"platform": "dealwright", "admin": "dealwright_admin", "plugins": "dealwright_plugins"}
#: Words that say nothing about what a module holds.
EMPTY_WORDS = frozenset(
    ["base", "core", "engine", "handler", "helper", "helpers", "manager", "model", "models", "service", "util", "utils"]
)


def modules() -> list[Path]:
    return sorted(file for root, package in SOURCES.items() for file in (ROOT / root / package).rglob("*.py"))


def hidden(file: Path) -> bool:
    """Tell whether tools left the file behind: below the root, in a folder that starts with a dot."""
    return any(part.startswith(".") for part in file.relative_to(ROOT).parts[1:])


def shown(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@pytest.mark.parametrize(("root", "package"), SOURCES.items())
def test_a_source_root_holds_one_package_and_no_module(root: str, package: str) -> None:
    found = {entry.name for entry in (ROOT / root).iterdir() if entry.name != "__pycache__"}
    assert found - {"README.md"} == {package}


@pytest.mark.parametrize("folder", ["metadata", "rule_packs", "examples"])
def test_a_folder_of_data_holds_no_python(folder: str) -> None:
    assert [shown(file) for file in (ROOT / folder).rglob("*.py*")] == []


def test_a_pack_holds_only_json_markdown_and_pictures() -> None:
    files = [file for file in (ROOT / "rule_packs").rglob("*") if file.is_file()]
    assert [shown(file) for file in files if file.suffix not in {".json", ".md", ".png"}] == []


def test_a_plugin_holds_no_definitions() -> None:
    assert [shown(file) for file in (ROOT / "plugins").rglob("*.json")] == []


@pytest.mark.parametrize("how", [["-c", "import platform; platform.system()"], ["-m", "pytest", "--version"]])
def test_a24_the_standard_library_s_platform_is_the_one_imported_in_the_root(how: list[str]) -> None:
    done = subprocess.run([sys.executable, *how], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_module_is_longer_than_600_lines() -> None:
    lines = {shown(file): len(file.read_text(encoding="utf-8").splitlines()) for file in modules()}
    assert {name: count for name, count in lines.items() if count > 600} == {}


def test_a_module_s_name_says_what_it_holds() -> None:
    words = {shown(file): set(file.stem.split("_")) for file in modules()}
    assert [name for name, found in words.items() if found & EMPTY_WORDS] == []


def _public(file: Path) -> list[str] | None:
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
            return list(ast.literal_eval(node.value))
    return None


def _place(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions, each by name: the order that ruff keeps."""
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2, name)


def test_public_names_are_sorted_and_exist() -> None:
    wrong = []
    for file in modules():
        names = _public(file)
        if names is None:
            continue
        if names != sorted(set(names), key=_place):
            wrong.append(f"{shown(file)}: not sorted, or a name twice")
        tree = ast.parse(file.read_text(encoding="utf-8"))
        bound = {
            alias.asname or alias.name
            for node in tree.body
            if isinstance(node, ast.ImportFrom | ast.Import)
            for alias in node.names
        }
        bound |= {
            node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        }
        bound |= {
            name.id
            for node in tree.body
            if isinstance(node, ast.Assign | ast.AnnAssign)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            for name in ast.walk(target)
            if isinstance(name, ast.Name)
        }
        siblings = {entry.stem for entry in file.parent.iterdir()} if file.name == "__init__.py" else set()
        wrong += [f"{shown(file)}: {name} does not exist" for name in names if name not in bound | siblings]
    assert wrong == []


def test_no_file_names_a_place_on_somebody_s_machine() -> None:
    place = re.compile(r"(?<![\w./])/(?:home|Users|root|work)/\w")
    folders = [*SOURCES, "metadata", "rule_packs", "examples", "docs", "tests", "benchmarks"]
    files = [
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
        ROOT / "Makefile",
        ROOT / "pyproject.toml",
        ROOT / ".ci" / "run",
    ]
    files += [file for folder in folders for file in (ROOT / folder).rglob("*")]
    texts = {".py", ".json", ".md", ".toml", ".html", ".js", ".css", ".sh", ".mjs", "", ".txt"}
    wrong = [
        shown(file)
        for file in files
        if file.is_file()
        and file.suffix in texts
        and not hidden(file)
        and place.search(file.read_text(encoding="utf-8", errors="replace"))
    ]
    assert wrong == []


def test_every_dependency_is_locked_in_a_version_that_fits() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    wanted += [one for extra in project["project"]["optional-dependencies"].values() for one in extra]
    lock = re.findall(
        r"^([a-z0-9-]+)==([^ ;\\]+)", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE
    )
    locked = dict(lock)
    wrong = [
        one
        for one in map(Requirement, wanted)
        if (version := locked.get(re.sub(r"[-_.]+", "-", one.name.lower()))) is None or version not in one.specifier
    ]
    assert [str(one) for one in wrong] == [], "run make lock"
