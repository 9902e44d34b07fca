"""The packages for others stand alone: they know neither the product nor a framework, and no image contains them."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from config.variables import CHECKOUT
from tests.test_budgets import LONGEST_FILE, LONGEST_FUNCTION, functions

FOLDERS = sorted((CHECKOUT / "clients").glob("vestibule-*"))
MODULES = sorted((CHECKOUT / "clients").rglob("*.py"))
DEPENDENCIES = {"vestibule-testing": ["httpx", "pytest"], "vestibule-verify": ["httpx", "pyjwt"]}
CONTRACTS = {"vestibule-testing": 1, "vestibule-verify": 2}
LOADED = "import sys, {}; print(*{{name.partition('.')[0] for name in sys.modules}})"
of_each = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def project(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    return found


@of_each
@pytest.mark.process
def test_its_core_loads_no_framework_and_nothing_of_the_product(folder: Path) -> None:
    module = folder.name.replace("-", "_")
    command = [sys.executable, "-c", LOADED.format(module)]
    environment = {"PYTHONPATH": str(folder / "src")}
    done = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, check=True)

    loaded = set(done.stdout.split())
    assert {module, "httpx"} <= loaded
    assert not loaded & {"django", "starlette", "fastapi", "config", "foundation", "authserver"}


@of_each
@pytest.mark.process
def test_its_import_contracts_hold(folder: Path) -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    done = subprocess.run(command, cwd=folder, env={"PYTHONPATH": "src"}, capture_output=True, text=True, check=False)

    assert f"{CONTRACTS[folder.name]} kept, 0 broken" in done.stdout, done.stdout + done.stderr


@of_each
def test_it_depends_on_two_packages_and_says_that_it_is_typed(folder: Path) -> None:
    about = project(folder)

    assert [re.split(r"[<>=\[]", one)[0] for one in about["dependencies"]] == DEPENDENCIES[folder.name]
    assert (folder / "src" / folder.name.replace("-", "_") / "py.typed").exists()
    assert (folder / "LICENSE").read_text() == (CHECKOUT / "LICENSE").read_text()
    assert about["requires-python"] == ">=3.11"


def test_the_verifier_has_adapters_and_the_fixtures_are_found_by_pytest() -> None:
    testing, verify = map(project, FOLDERS)

    assert set(verify["optional-dependencies"]) == {"django", "fastapi", "starlette"}
    assert testing["entry-points"] == {"pytest11": {"vestibule": "vestibule_testing.plugin"}}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: f"{module.parent.name}/{module.name}")
def test_its_files_and_functions_are_short(module: Path) -> None:
    source = module.read_text()

    assert len(source.splitlines()) <= LONGEST_FILE
    assert [found for found in functions(source) if found[1] > LONGEST_FUNCTION] == []


def test_no_image_contains_it() -> None:
    dockerfile, ignored = ((CHECKOUT / name).read_text() for name in ("Dockerfile", ".dockerignore"))

    assert "clients" not in re.findall(r"^COPY (\S+)", dockerfile, re.MULTILINE)
    assert ignored.startswith("*\n")
    assert "!clients" not in ignored


@of_each
def test_the_readmes_samples_are_python(folder: Path) -> None:
    samples = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)

    assert len(samples) >= 2
    for sample in samples:
        compile(sample, "README.md", "exec")
