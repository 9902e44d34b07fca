"""Every Python that pyproject.toml names: the locks fit it, and the product starts on it if this machine has it."""

import os
import shutil
import subprocess
import tomllib
import urllib.request
from pathlib import Path

import pytest

from config.embedded.programs import any_free_port
from config.variables import CHECKOUT
from tests.support.real_index import uv
from tests.support.servers import Servers, product_environment
from tests.support.waiting import until

NAMED = "Programming Language :: Python :: "
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
SUPPORTED = [each.removeprefix(NAMED) for each in PROJECT["classifiers"] if each.startswith(f"{NAMED}3.")]


def test_the_supported_versions_are_named_alike_everywhere() -> None:
    assert PROJECT["requires-python"] == f">={SUPPORTED[0]}"
    assert f"Python {SUPPORTED[0]} to {SUPPORTED[-1]}" in (CHECKOUT / "README.md").read_text()


@pytest.mark.process
@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
@pytest.mark.parametrize("version", SUPPORTED)
def test_every_lock_has_wheels_for_every_supported_version(version: str, lock: str, tmp_path: Path) -> None:
    said = uv(
        "sync", "--dry-run", "--require-hashes", "--only-binary", ":all:", "--target", tmp_path,
        "--python-version", version, "--python-platform", "x86_64-manylinux_2_28", CHECKOUT / lock,
    )  # fmt: skip

    assert "django==" in said


@pytest.mark.process
@pytest.mark.parametrize("version", SUPPORTED)
def test_the_product_starts_on_every_supported_version_that_is_here(
    version: str, servers: Servers, tmp_path: Path
) -> None:
    interpreter = _find(version)
    if interpreter is None:
        pytest.skip(f"this machine has no Python {version}")
    subprocess.run([interpreter, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    uv("sync", "--quiet", "--require-hashes", "--python", python, CHECKOUT / "requirements.lock")
    port = str(any_free_port())
    environment = product_environment(servers) | {"PORT": port, "PYTHONPYCACHEPREFIX": str(tmp_path / "bytecode")}

    with (tmp_path / "log").open("w") as log, subprocess.Popen(
        [python, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"],
        cwd=CHECKOUT, env=environment, stdout=log, stderr=log,
    ) as site:  # fmt: skip
        try:
            until(lambda: _answers(port) or site.poll() is not None, seconds=60)
            assert site.poll() is None, (tmp_path / "log").read_text()
        finally:
            site.terminate()
    subprocess.run([python, "-m", "celery", "-A", "config.celery", "report"], cwd=CHECKOUT, env=environment, check=True)


def _answers(port: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/accounts/login/", timeout=30) as answer:
            return "Vestibule" in answer.read().decode()
    except OSError:
        return False


def _find(version: str) -> Path | None:
    """Return an interpreter on the PATH or one of pyenv, whose shims on the PATH may not work."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [shutil.which(f"python{version}"), *sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"))]
    return next((Path(each) for each in found if each and _is(version, each)), None)


def _is(version: str, python: str | Path) -> bool:
    said = subprocess.run([python, "--version"], capture_output=True, text=True, check=False).stdout
    return said.startswith(f"Python {version}.")
