"""The verifier is a package of its own: it knows neither the product nor a framework, and no image contains it."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from config.variables import CHECKOUT
from tests.test_budgets import LONGEST_FILE, LONGEST_FUNCTION, functions

FOLDER = CHECKOUT / "clients" / "vestibule-verify"
MODULES = sorted(FOLDER.rglob("*.py"))
PROJECT = tomllib.loads((FOLDER / "pyproject.toml").read_text())["project"]
LOADED = "import sys, vestibule_verify; print(*{name.partition('.')[0] for name in sys.modules})"


@pytest.mark.process
def test_the_core_loads_no_framework_and_nothing_of_the_product() -> None:
    environment = {"PYTHONPATH": str(FOLDER / "src")}
    command = [sys.executable, "-c", LOADED]
    done = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, check=True)

    loaded = set(done.stdout.split())
    assert {"vestibule_verify", "jwt", "httpx"} <= loaded
    assert not loaded & {"django", "starlette", "fastapi", "config", "foundation", "authserver"}


@pytest.mark.process
def test_its_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    done = subprocess.run(command, cwd=FOLDER, env={"PYTHONPATH": "src"}, capture_output=True, text=True, check=False)

    assert "2 kept, 0 broken" in done.stdout, done.stdout + done.stderr


def test_it_depends_on_two_packages_and_says_that_it_is_typed() -> None:
    names = [re.split(r"[<>=\[]", one)[0] for one in PROJECT["dependencies"]]

    assert sorted(names) == ["httpx", "pyjwt"]
    assert set(PROJECT["optional-dependencies"]) == {"django", "fastapi", "starlette"}
    assert (FOLDER / "src" / "vestibule_verify" / "py.typed").exists()
    assert (FOLDER / "LICENSE").read_text() == (CHECKOUT / "LICENSE").read_text()
    assert PROJECT["requires-python"] == ">=3.11"


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_its_files_and_functions_are_short(module: Path) -> None:
    source = module.read_text()

    assert len(source.splitlines()) <= LONGEST_FILE
    assert [found for found in functions(source) if found[1] > LONGEST_FUNCTION] == []


def test_no_image_contains_it() -> None:
    dockerfile, ignored = ((CHECKOUT / name).read_text() for name in ("Dockerfile", ".dockerignore"))

    assert "clients" not in re.findall(r"^COPY (\S+)", dockerfile, re.MULTILINE)
    assert ignored.startswith("*\n")
    assert "!clients" not in ignored


def test_the_readmes_samples_are_python() -> None:
    samples = re.findall(r"```python\n(.*?)```", (FOLDER / "README.md").read_text(), re.DOTALL)

    assert len(samples) >= 4
    for sample in samples:
        compile(sample, "README.md", "exec")
