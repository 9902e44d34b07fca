"""Where a real Keycloak comes from: Maven's artefact, unpacked and built once for all checkouts of this account."""

import fcntl
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

VERSION = "26.7.3"
ARTEFACT = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
KEPT_IN = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vestibule"
BUILT = f"keycloak-{VERSION}"
BUILD_OPTIONS = ["--db=dev-mem"]  # each start begins empty
MINUTES = 60  # seconds


class NotHere(Exception):
    """Keycloak cannot be had on this machine; the text says what is missing."""


def find() -> Path:
    """Return the folder of a Keycloak that is ready to start. Raises NotHere.

    The first time it takes a minute or two: 177 MB come from Maven Central, and Keycloak is built for its database.
    """
    if shutil.which("java") is None:
        raise NotHere("Java is missing: Keycloak runs on Java 17 or newer")
    KEPT_IN.mkdir(parents=True, exist_ok=True)
    with (KEPT_IN / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _built(KEPT_IN / BUILT)


def _built(home: Path) -> Path:
    if (home / "built").exists():
        return home
    shutil.rmtree(home, ignore_errors=True)
    archive = _fetched()
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(KEPT_IN)
    archive.unlink()
    kc = home / "bin" / "kc.sh"
    kc.chmod(0o755)
    _run([str(kc), "build", *BUILD_OPTIONS], "Keycloak cannot be built")
    (home / "built").touch()
    return home


def _fetched() -> Path:
    maven = shutil.which("mvn")
    if maven is None:
        raise NotHere("Maven is missing: it brings Keycloak")
    copy = ["dependency:copy", f"-Dartifact={ARTEFACT}", f"-DoutputDirectory={KEPT_IN}"]
    _run([maven, "--quiet", "--batch-mode", *copy], f"Maven does not bring {ARTEFACT}")
    return KEPT_IN / f"keycloak-quarkus-dist-{VERSION}.zip"


def _run(command: list[str], trouble: str) -> None:
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=10 * MINUTES, check=False)
    except subprocess.TimeoutExpired:
        raise NotHere(f"{trouble}: it took too long") from None
    if ran.returncode:
        raise NotHere(f"{trouble}: {(ran.stderr or ran.stdout).strip()[-300:]}")
