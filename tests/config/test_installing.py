"""Locks and set-up: every version of pip installs exactly what is locked, whatever was published since."""

import json
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from config import locking
from config.variables import CHECKOUT
from tests.support import index
from tests.support.real_index import PYTHON, UV, uv

LOCKS = ("requirements.lock", "requirements-dev.lock")
OLD, NEWEST = "23.0.1", "26.3"  # Debian 12's, and the newest when this was written


@dataclass(frozen=True)
class Published:
    """A lock with the hashes of an index in which every package has a newer version."""

    lock: Path
    index: Path
    wanted: dict[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """Configure the index as companies do, in pip's own file."""
        file = self.lock.with_name("pip.conf")
        file.write_text(f"[global]\nindex-url = {self.index.as_uri()}\ndisable-pip-version-check = true\n")
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        return kept | {"PIP_CONFIG_FILE": str(file), "UV_CACHE_DIR": str(self.lock.with_name("cache"))}


@pytest.fixture(scope="session", params=LOCKS)
def published(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Published:
    folder = tmp_path_factory.mktemp("published")
    text = (CHECKOUT / request.param).read_text()
    lock = folder / request.param
    lock.write_text(index.publish(text, folder / "simple", programs={"uv": UV}))
    return Published(lock=lock, index=folder / "simple", wanted=index.wanted_here(text))


@pytest.fixture(scope="session", params=[OLD, NEWEST])
def pip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one of the two versions of pip, installed from this machine's index."""
    if request.param == OLD and sys.version_info >= (3, 12):
        pytest.skip(f"pip {OLD} does not run on Python 3.12 or newer")
    folder = tmp_path_factory.mktemp(f"pip-{request.param}")
    lock = Path(__file__).with_name("pips") / f"pip-{request.param}.lock"
    uv("install", "--python", PYTHON, "--target", folder, "--no-deps", "--require-hashes", "--requirement", lock)
    return folder


def _resolve(pip: Path, lock: Path, published: Published) -> tuple[dict[str, str], str]:
    """Return what a version of pip would install, and its error."""
    report = lock.with_name("report.json")
    report.unlink(missing_ok=True)
    done = subprocess.run(
        [PYTHON, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--require-hashes", "--quiet",
         "--report", report, "--requirement", lock],
        env=published.environment | {"PYTHONPATH": str(pip)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    chosen = json.loads(report.read_text())["install"] if report.exists() else []
    about = [package["metadata"] for package in chosen]
    return {canonicalize_name(each["name"]): each["version"] for each in about}, done.stderr


@pytest.mark.process
def test_every_pip_installs_what_is_locked_though_everything_has_a_newer_version(
    pip: Path, published: Published
) -> None:
    """The kind of fault: an installation changes when somebody publishes something."""
    chosen, complaint = _resolve(pip, published.lock, published)

    assert chosen == published.wanted, complaint


@pytest.mark.process
@pytest.mark.parametrize("pip", [OLD], indirect=True)
def test_a_lock_without_an_extra_that_is_asked_for_fails_here(pip: Path, published: Published) -> None:
    """The test above can fail: it does with a lock whose extras were stripped."""
    stripped = published.lock.with_name("stripped.lock")
    stripped.write_text(published.lock.read_text().replace("pyjwt[crypto]", "pyjwt"))

    chosen, complaint = _resolve(pip, stripped, published)

    assert chosen == {}
    assert "all requirements must have their versions pinned" in complaint


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_a_line_for_every_spelling_of_a_requirement(name: str) -> None:
    """As above: an old pip does not see that `kombu[redis]` satisfies `kombu`, nor the reverse."""
    lock = (CHECKOUT / name).read_text()
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"].values() if "dev" in name else []
    asked = index.questions([*project["dependencies"], *(root for group in optional for root in group)])

    assert asked <= index.answers(lock), "run `make lock`"
    for pin in index.pins(lock):
        for extra in pin.requirement.extras:
            mutant = Requirement(pin.text)
            mutant.extras.discard(extra)
            stripped = lock.replace(pin.text, str(mutant))
            assert not asked <= index.answers(stripped), f"{pin.text} without {extra}"
    assert not asked <= index.answers(locking.once(lock))


@pytest.mark.parametrize("place", ["Makefile", ".ci/run", "Dockerfile"])
def test_no_set_up_replaces_pip(place: str) -> None:
    """The kind of fault: a check passes only on a machine that it has prepared itself."""
    text = (CHECKOUT / place).read_text()

    assert not re.findall(r"--upgrade pip|-U pip|install pip\b|ensurepip --upgrade|get-pip", text)
    for command in re.findall(r"pip install[^\n]*", text):
        assert "--no-deps --require-hashes" in command, command


@pytest.mark.process
def test_set_up_installs_what_is_locked_from_pips_index(published: Published, tmp_path: Path) -> None:
    """The development lock is installed by uv, which it contains; the other one has no uv and is installed by pip."""
    done = _install(published.lock, tmp_path / "venv", published.environment)

    assert done.returncode == 0, done.stderr
    assert ("uv does not work here" in done.stdout) == ("uv" not in published.wanted)
    assert index.installed_in(tmp_path / "venv").items() >= published.wanted.items()
    assert (tmp_path / "venv" / "installed").exists()


def _install(lock: Path, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PYTHON, "-m", "config.installing", lock, folder],
        cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
