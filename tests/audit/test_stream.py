"""The trail on standard output: every entry once, whatever happens to its reader."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import User
from audit import stream
from audit.models import Entry
from config.variables import CHECKOUT
from tests.audit.truth import last_entry
from tests.support.servers import Servers
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)
CANARY = "canary@example.com"


def once(**options: Any) -> list[dict[str, Any]]:
    out = io.StringIO()
    stream.run(print, **{"after": None, "from_start": False, "cursor": None, "once": True, "out": out, **options})
    return [json.loads(line) for line in out.getvalue().splitlines()]


class Following(io.StringIO):
    """An output that runs the next of these acts whenever a batch has been written to it."""

    def __init__(self, acts: list[Callable[[], object]]) -> None:
        super().__init__()
        self.acts = acts

    def flush(self) -> None:
        self.acts.pop(0)()

    def names(self) -> list[str]:
        return [json.loads(line)["after"]["name"] for line in self.getvalue().splitlines()]


def follow(out: io.StringIO, cursor: Path) -> None:
    stream.run(print, after=None, from_start=False, cursor=cursor, once=False, out=out)


def cut_off(servers: Servers) -> None:
    """Make the database terminate the connection of this thread."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    with psycopg.connect(servers.superuser_url) as superuser:
        superuser.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])


def test_each_entry_is_a_line_without_its_personal_values() -> None:
    before = Group.objects.create(name="before")
    known = Entry.objects.get(object_table="auth_group", object_id=str(before.pk))
    user = User.objects.create_user(name="Ada", email=CANARY)

    (line,) = once(after=known.pk)
    assert (line["type"], line["object"]) == ("accounts_user.create", {"table": "accounts_user", "id": str(user.pk)})
    assert line["after"]["email"] == "(personal)"
    assert CANARY not in json.dumps(line)


def test_a_stream_resumes_at_the_cursor_in_the_file(tmp_path: Path) -> None:
    cursor = tmp_path / "cursor"
    assert once(cursor=cursor) == []
    Group.objects.create(name="one")
    assert [line["after"]["name"] for line in once(cursor=cursor)] == ["one"]
    Group.objects.create(name="two")
    assert [line["after"]["name"] for line in once(cursor=cursor)] == ["two"]
    assert once(cursor=cursor) == []


def test_it_starts_with_the_oldest_entry_on_request() -> None:
    Group.objects.create(name="before")

    lines = once(from_start=True)
    assert len(lines) == Entry.objects.count()
    assert lines[-1]["after"]["name"] == "before"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_between_two_batches_and_the_next_run_resumes_there(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "BATCH", 1)
    handler, cursor = signal.getsignal(number), tmp_path / "cursor"
    assert once(cursor=cursor) == []
    for name in ("one", "two"):
        Group.objects.create(name=name)

    out = Following([lambda: signal.raise_signal(number)])
    follow(out, cursor)
    assert out.names() == ["one"]
    assert [line["after"]["name"] for line in once(cursor=cursor)] == ["two"]
    assert signal.getsignal(number) == handler


def test_a_signal_ends_it_while_it_waits_for_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The signal arrives just after the last entry was read."""
    monkeypatch.setattr(stream, "PAUSE", 60.0)
    cursor, main = tmp_path / "cursor", threading.main_thread().ident
    assert once(cursor=cursor) == []
    Group.objects.create(name="one")
    later = threading.Timer(0.1, lambda: signal.pthread_kill(main or 0, signal.SIGTERM))

    out = Following([later.start])
    follow(out, cursor)
    assert out.names() == ["one"]
    later.join()


def test_while_the_database_is_unavailable_it_waits_and_resumes_at_the_same_cursor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, servers: Servers
) -> None:
    monkeypatch.setattr(stream, "BATCH", 1)
    monkeypatch.setattr(stream, "PAUSE", 0.01)
    cursor = tmp_path / "cursor"
    assert once(cursor=cursor) == []
    for name in ("one", "two"):
        Group.objects.create(name=name)

    out = Following([lambda: cut_off(servers), lambda: signal.raise_signal(signal.SIGTERM)])
    follow(out, cursor)
    assert out.names() == ["one", "two"]


def test_a_run_with_once_fails_while_the_database_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, servers: Servers
) -> None:
    monkeypatch.setattr(stream, "BATCH", 1)
    cursor = tmp_path / "cursor"
    assert once(cursor=cursor) == []
    for name in ("one", "two"):
        Group.objects.create(name=name)

    with pytest.raises(CommandError, match="is unavailable"):
        once(cursor=cursor, out=Following([lambda: cut_off(servers)]))
    connection.close()
    assert [line["after"]["name"] for line in once(cursor=cursor)] == ["two"]


def test_the_cursor_does_not_pass_what_the_reader_did_not_read(tmp_path: Path) -> None:
    cursor = tmp_path / "cursor"
    assert once(cursor=cursor) == []
    Group.objects.create(name="unread")
    reading, writing = os.pipe()
    os.close(reading)

    with os.fdopen(writing, "w") as out, pytest.raises(CommandError, match="closed the pipe"):
        once(cursor=cursor, out=out)
    assert [line["after"]["name"] for line in once(cursor=cursor)] == ["unread"]


def test_an_unknown_cursor_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "cursor"
    broken.write_text("{}no")
    with pytest.raises(CommandError, match="does not contain a cursor"):
        once(cursor=broken)
    with pytest.raises(CommandError, match="There is no entry"):
        once(after=last_entry() + 1000)


@pytest.mark.process
def test_the_command_follows_skips_nothing_that_commits_late_and_ends_cleanly(servers: Servers, tmp_path: Path) -> None:
    cursor = tmp_path / "cursor"
    command = [sys.executable, "manage.py", "audit", "stream", "--cursor", str(cursor)]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, env=os.environ) as running:
        try:
            lines: list[Any] = []
            assert running.stdout
            reading = threading.Thread(target=lambda: lines.extend(map(json.loads, running.stdout or ())))
            reading.start()
            until(cursor.exists, seconds=120)
            with psycopg.connect(servers.runtime_url) as slow:
                slow.execute("INSERT INTO auth_group (name) VALUES ('slow')")
                Group.objects.create(name="quick")
                slow.commit()
            until(lambda: len(lines) == 2, seconds=10)
        finally:
            running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=60) == 0
        reading.join(timeout=30)

    assert [line["after"]["name"] for line in lines] == ["slow", "quick"]
    assert once(cursor=cursor) == []


@pytest.mark.process
def test_a_closed_pipe_ends_it_and_the_cursor_stays_before_what_was_not_read(tmp_path: Path) -> None:
    cursor = tmp_path / "cursor"
    assert once(cursor=cursor) == []
    noted = cursor.read_text()
    Group.objects.create(name="unread")
    command = [sys.executable, "manage.py", "audit", "stream", "--cursor", str(cursor), "--once"]
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as running:
        assert running.stdout
        assert running.stderr
        running.stdout.close()
        assert running.wait(timeout=60) == 1
        said = running.stderr.read()

    assert said.strip().endswith("The reader has closed the pipe; the cursor stays before these entries.")
    assert "Traceback" not in said
    assert cursor.read_text() == noted
    assert [line["after"]["name"] for line in once(cursor=cursor)] == ["unread"]


def test_without_a_subcommand_the_command_lists_them() -> None:
    with pytest.raises(CommandError, match="subcommand"):
        call_command("audit")
