"""Where a checkout keeps its running state, and who its servers run as."""

import hashlib
import os
import pwd
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from config.embedded.child import Account

LONGEST_SOCKET_PATH = 107  # bytes, sun_path in unix(7)
SOCKET_FILE = ".s.PGSQL.5432.lock"


@dataclass(frozen=True, kw_only=True)
class Place:
    """The folders of one set of servers.

    ``state`` is ours alone. ``server_home`` holds what the PostgreSQL server reads and writes: it is the
    same folder, unless the server runs as another account that cannot reach it.
    """

    state: Path
    server_home: Path
    account: Account | None

    @property
    def run(self) -> Path:
        return self.state / "run"

    @property
    def logs(self) -> Path:
        return self.state / "log"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"


def find(state: Path) -> Place:
    """Choose and create the folders for servers whose state belongs in ``state``.

    PostgreSQL refuses to run as root, so root lends it the account ``nobody``. Where that account cannot
    reach the checkout, or the path is too long for a socket, the server lives in the system's temporary
    directory, in a folder named after the checkout.
    """
    account = _unprivileged() if os.getuid() == 0 else None
    state.mkdir(mode=0o755, parents=True, exist_ok=True)
    home = state
    if (account and not _is_reachable(state)) or _is_too_long(state):
        home = _private_folder(state, account)
    place = Place(state=state, server_home=home, account=account)
    for folder in (place.run, place.logs):
        folder.mkdir(mode=0o755, exist_ok=True)
    return place


def owned_folder(path: Path, account: Account | None, *, mode: int = 0o700) -> Path:
    """Create a folder that belongs to the server's account."""
    path.mkdir(mode=mode, exist_ok=True)
    if account:
        os.chown(path, account.uid, account.gid)
    return path


def reachable(folders: Iterable[Path], place: Place) -> Path:
    """Return a folder in which the server's account can execute what these neighbouring folders hold.

    That is their own parent, or a copy in the server's home where the account cannot reach them.
    """
    installed = [folder.resolve() for folder in folders]
    if place.account is None or all(_is_reachable(folder) for folder in installed):
        return installed[0].parent
    copies = place.server_home / "installed"
    if not copies.exists():
        half = copies.with_suffix(".half")
        shutil.rmtree(half, ignore_errors=True)
        for folder in installed:
            shutil.copytree(folder, half / folder.name, symlinks=True, ignore=shutil.ignore_patterns("include"))
        _open_to_all(half)
        half.rename(copies)
    return copies


def _open_to_all(folder: Path) -> None:
    """What a wheel holds is public; a narrow umask may have hidden it."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))


def _unprivileged() -> Account:
    nobody = pwd.getpwnam("nobody")
    return Account(uid=nobody.pw_uid, gid=nobody.pw_gid)


def _is_reachable(path: Path) -> bool:
    resolved = path.resolve()
    return all(folder.stat().st_mode & 0o001 for folder in (resolved, *resolved.parents))


def _is_too_long(state: Path) -> bool:
    return len(os.fsencode(state / "socket" / SOCKET_FILE)) > LONGEST_SOCKET_PATH


def _private_folder(state: Path, account: Account | None) -> Path:
    """Create the folder in the temporary directory; refuse one that somebody else has put there."""
    name = hashlib.sha256(os.fsencode(state.resolve())).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"vestibule-{name}"
    folder.mkdir(mode=0o711 if account else 0o700, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.getuid() or folder.is_symlink():
        raise PermissionError(f"{folder} belongs to somebody else: remove it, or set TMPDIR")
    folder.chmod(0o711 if account else 0o700)
    return folder
