"""Where a checkout keeps its running state, and the account of the operating system that its servers run as."""

import hashlib
import os
import pwd
import re
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from config.embedded.child import Account, CannotStart

LONGEST_SOCKET_PATH = 107  # bytes, sun_path in unix(7)
UNUSABLE = re.compile(r"[\"$`\\,\x00-\x1f\x7f\udc80-\udcff]")  # initdb's shell, libpq's list of hosts, no UTF-8
NEEDED = 200  # MB free at the first start: PostgreSQL's own files, the demo's rows and the logs
SOCKET_FILE = ".s.PGSQL.5432.lock"


@dataclass(frozen=True, kw_only=True)
class Directories:
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


def find(state: Path) -> Directories:
    """Choose and create the folders for servers whose state belongs in ``state``.

    PostgreSQL refuses to run as root, so under root it runs as ``nobody``. If that account cannot reach the
    checkout, or the path is too long for a socket or contains characters that PostgreSQL does not accept, the
    server's files are in the system's temporary directory, in a folder named after the checkout.
    """
    account = _unprivileged() if os.getuid() == 0 else None
    state.mkdir(mode=0o755, parents=True, exist_ok=True)
    home = state
    if (account and not _is_reachable(state)) or not _is_fit(state):
        home = _private_folder(state, account)
    place = Directories(state=state, server_home=home, account=account)
    for folder in (place.run, place.logs):
        folder.mkdir(mode=0o755, exist_ok=True)
    _find_room(place)
    return place


def _find_room(place: Directories) -> None:
    """Raises CannotStart if the disk is almost full: a server could not even write that to its log."""
    needed = 20 if (place.server_home / "postgres").exists() else NEEDED
    for folder in (place.state, place.server_home):
        free = shutil.disk_usage(folder).free // 1_000_000
        if free < needed:
            raise CannotStart(f"the disk has {free} MB left at {folder}: at least {needed} MB must be free")


def owned_folder(path: Path, account: Account | None, *, mode: int = 0o700) -> Path:
    """Create a folder that belongs to the server's account."""
    path.mkdir(mode=mode, exist_ok=True)
    path.chmod(mode)  # whatever the umask is
    if account:
        os.chown(path, account.uid, account.gid)
    return path


def reachable(folders: Iterable[Path], place: Directories) -> Path:
    """Return a folder in which the server's account can execute the contents of these sibling folders.

    That is their own parent, or a copy in the server's home if the account cannot reach them or PostgreSQL
    does not accept their path.
    """
    installed = [folder.resolve() for folder in folders]
    if all(_is_plain(folder) and (place.account is None or _is_open(folder)) for folder in installed):
        return installed[0].parent
    copies = place.server_home / "installed"
    if not copies.exists():
        half = copies.with_suffix(".half")
        shutil.rmtree(half, ignore_errors=True)
        for folder in installed:
            shutil.copytree(folder, half / folder.name, symlinks=True, ignore=shutil.ignore_patterns("include"))
        half.rename(copies)
    _open_to_all(copies)
    return copies


def _open_to_all(folder: Path) -> None:
    """Make a wheel's files readable again after an installation with a restrictive umask. They are public."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | _others_need(path))


def _others_need(path: Path) -> int:
    """The mode bits with which other accounts can use it as its owner does: read, and execute folders and programs."""
    return 0o055 if path.is_dir() or path.stat().st_mode & 0o100 else 0o044


def _unprivileged() -> Account:
    nobody = pwd.getpwnam("nobody")
    return Account(uid=nobody.pw_uid, gid=nobody.pw_gid)


def _is_reachable(path: Path) -> bool:
    resolved = path.resolve()
    return all(folder.stat().st_mode & 0o001 for folder in (resolved, *resolved.parents))


def _is_open(folder: Path) -> bool:
    """Whether every account can use all files of a wheel. That depends on the umask of its installation."""
    return _is_reachable(folder) and all(
        (needed := _others_need(path) & 0o005) == path.stat().st_mode & needed
        for path in folder.rglob("*")
        if not path.is_symlink()
    )


def _is_plain(path: Path) -> bool:
    return not UNUSABLE.search(str(path))


def _is_fit(state: Path) -> bool:
    is_short = len(os.fsencode(state / "socket" / SOCKET_FILE)) <= LONGEST_SOCKET_PATH
    return is_short and _is_plain(state)


def _private_folder(state: Path, account: Account | None) -> Path:
    """Create the folder in the temporary directory. Raises CannotStart if another user owns it."""
    name = hashlib.sha256(os.fsencode(state.resolve())).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"vestibule-{name}"
    folder.mkdir(mode=0o711 if account else 0o700, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.getuid() or folder.is_symlink():
        raise CannotStart(f"{folder} belongs to another user: remove it, or set TMPDIR")
    if not _is_fit(folder):
        raise CannotStart(f"{folder} cannot be the path of PostgreSQL's socket: set TMPDIR to a short, plain path")
    folder.chmod(0o711 if account else 0o700)
    return folder
