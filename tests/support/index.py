"""A package index on disk, with the locked version and a newer one of each locked package, as wheels without content.

Their metadata is that of the real ones, so that a resolver has to decide the same as with the real index on the day
after new versions were published.
"""

import base64
import hashlib
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

Question = tuple[str, frozenset[str]]  # a package's name and extras
KEPT = ("Requires-Python", "Requires-Dist", "Provides-Extra")  # what resolvers read besides name and version


@dataclass(frozen=True)
class Pin:
    """One locked package, as it is written."""

    requirement: Requirement
    text: str

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        return next(iter(self.requirement.specifier)).version

    @property
    def is_wanted_here(self) -> bool:
        return self.requirement.marker is None or self.requirement.marker.evaluate()


def pins(lock: str) -> list[Pin]:
    return [Pin(Requirement(text), text) for text in re.findall(r"^(\w[^\\\n]*?) \\$", lock, re.MULTILINE)]


def wanted_here(lock: str) -> dict[str, str]:
    """Return the versions that this interpreter must get from a lock file."""
    return {pin.name: pin.version for pin in pins(lock) if pin.is_wanted_here}


def installed_in(folder: Path) -> dict[str, str]:
    """Return the versions of the packages in a virtual environment."""
    packages = map(str, folder.glob("lib/python*/site-packages"))
    return {canonicalize_name(found.name): found.version for found in metadata.distributions(path=list(packages))}


def publish(lock: str, index: Path, *, programs: Mapping[str, Path]) -> str:
    """Fill the index, and return the lock file with the hashes of its wheels and no other change.

    ``programs`` are packed into the locked version of the package with their name, and work when installed.
    """
    hashes: dict[str, str] = {}
    for pin in pins(lock):
        if pin.name not in hashes:
            wheel = _wheel(index, pin.name, pin.version, programs.get(pin.name))
            _wheel(index, pin.name, f"{Version(pin.version).base_version}.1", None)
            hashes[pin.name] = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return "".join(f"{pin.text} \\\n    --hash=sha256:{hashes[pin.name]}\n" for pin in pins(lock))


def questions(roots: Iterable[str]) -> set[Question]:
    """Return all requirements that a resolver meets: ``roots``, their dependencies and so on, each with its extras."""
    waiting, asked = [Requirement(root) for root in roots], set[Question]()
    while waiting:
        requirement = waiting.pop()
        if (question := _question(requirement)) not in asked and _applies(requirement, set()):
            asked.add(question)
            waiting += _brought_by(requirement)
    return asked


def answers(lock: str) -> set[Question]:
    """Return the requirements that a lock file satisfies for pip before 23.3: each line only its own extras."""
    return {_question(pin.requirement) for pin in pins(lock)}


def _question(requirement: Requirement) -> Question:
    return canonicalize_name(requirement.name), frozenset(map(canonicalize_name, requirement.extras))


def _brought_by(requirement: Requirement) -> list[Requirement]:
    """Return the dependencies of a package. A package with extras depends on itself without them."""
    found = map(Requirement, metadata.requires(requirement.name) or [])
    brought = [each for each in found if _applies(each, requirement.extras)]
    for each in brought:
        each.marker = None
    return [Requirement(requirement.name), *brought]


def _applies(requirement: Requirement, extras: set[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras | {""})


def _wheel(index: Path, name: str, version: str, program: Path | None) -> Path:
    stem = f"{name.replace('-', '_')}-{version}"
    files = {
        f"{stem}.dist-info/METADATA": _about(name, version).encode(),
        f"{stem}.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if program:
        files[f"{stem}.data/scripts/{program.name}"] = program.read_bytes()
    record = "".join(f"{file},sha256={_digest(content)},{len(content)}\n" for file, content in files.items())
    files[f"{stem}.dist-info/RECORD"] = f"{record}{stem}.dist-info/RECORD,,\n".encode()
    wheel = index / name / f"{stem}-py3-none-any.whl"
    wheel.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel, "w") as archive:
        for file, content in files.items():
            entry = zipfile.ZipInfo(file)
            entry.external_attr = 0o100755 << 16
            archive.writestr(entry, content)
    with wheel.with_name("index.html").open("a") as page:
        page.write(f'<a href="{wheel.name}">{wheel.name}</a>\n')
    return wheel


def _about(name: str, version: str) -> str:
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    try:
        real = metadata.metadata(name)
    except metadata.PackageNotFoundError:  # for another platform
        return "\n".join([*lines, ""])
    lines += [f"{header}: {value}" for header in KEPT for value in real.get_all(header) or []]
    return "\n".join([*lines, ""])


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
