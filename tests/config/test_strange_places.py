"""A checkout works anywhere: at a path with any characters, created under any umask."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.database import django_settings
from config.embedded import directories, stored_secrets
from config.embedded.child import CannotStart
from config.embedded.directories import Directories
from config.embedded.postgres import Postgres
from config.embedded.programs import any_free_port
from config.embedded.valkey import Valkey

LETTERS = {
    "blanks": " a  folder ",
    "quotes": 'it\'s "mine"',
    "comment": "a #1 ; b",
    "backslash": "c:\\new\\x41",
    "not ASCII": "Größe-日本-\u202e",
    "shell": "$HOME`id`&(x)|*?[a]",
    "list": "one,two",
    "URL": "50%25?host=x&a=b@c",
    "lines": "one\ntwo\r",
    "no UTF-8": os.fsdecode(b"caf\xe9"),
    "long": "x" * 120,
}


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account can reach, unlike tmp_path."""
    folder = Path(tempfile.mkdtemp(prefix="vt-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(params=LETTERS)
def strange(request: pytest.FixtureRequest, open_folder: Path) -> Iterator[Directories]:
    where = directories.find(open_folder / LETTERS[request.param] / ".local")
    yield where
    shutil.rmtree(where.server_home)


@pytest.mark.process
def test_valkey_starts_at_a_path_with_any_letters(strange: Directories) -> None:
    """The kind of fault: a path is written unescaped into a configuration file."""
    valkey = Valkey(place=strange, port=any_free_port(), password="secret")
    with valkey.start() as process:
        try:
            valkey.wait_ready(process)
            assert (strange.state / "valkey" / "appendonlydir").is_dir()
        finally:
            process.terminate()


@pytest.mark.process
def test_postgresql_starts_at_a_path_with_any_letters(strange: Directories) -> None:
    """The kind of fault: a path is written unescaped into a shell command, a list or a URL."""
    postgres = Postgres(place=strange, superuser_password="secret", settings={"fsync": "off"})
    with postgres.start() as process:
        try:
            postgres.wait_ready(process)
            told = django_settings(postgres.url("postgres", "secret", "postgres"))
            with psycopg.connect(host=told["HOST"], user=told["USER"], password=told["PASSWORD"]) as connection:
                found = connection.execute("SHOW data_directory").fetchone()
            assert found == (str(strange.server_home / "postgres"),)
        finally:
            process.terminate()


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r")))
def test_what_is_stored_in_a_file_is_read_again_or_refused(value: str) -> None:
    """The kind of fault: the format of a file cuts or changes a value, such as the path of a NAME_FILE."""
    with tempfile.TemporaryDirectory() as folder:
        file, values = Path(folder, "env"), {"BEFORE": "it's", "VALUE": value, "AFTER": "it's # it"}
        try:
            stored_secrets.write(file, values)
        except CannotStart:
            assert "\\" in value
            assert not file.exists()
        else:
            assert stored_secrets.read(file) == values


@pytest.mark.process
@pytest.mark.skipif(os.getuid() != 0, reason="only root lends its servers another account")
@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077])
def test_what_root_installed_under_any_umask_runs_as_the_servers_account(umask: int, open_folder: Path) -> None:
    """The kind of fault: another account must run a program that only its owner may read or execute."""
    wheel = open_folder / "site-packages" / "server"
    program = wheel / "bin" / "program"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\ncat "$(dirname "$0")/file"\n')
    program.with_name("file").write_text("it runs")
    for path, mode in [(program, 0o755), (program.with_name("file"), 0o644), (program.parent, 0o755)]:
        path.chmod(mode & ~umask | 0o400)
    before = os.umask(umask)
    try:
        where = directories.find(open_folder / ".local")
        folder = directories.reachable([wheel], where)
    finally:
        os.umask(before)

    account = where.account
    assert account
    ran = subprocess.run(
        [folder / "server" / "bin" / "program"], user=account.uid, group=account.gid, extra_groups=[], cwd="/",
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ran.stdout, ran.stderr) == ("it runs", "")
    assert (folder == wheel.parent) is (umask == 0o022)
    shutil.rmtree(where.server_home)
