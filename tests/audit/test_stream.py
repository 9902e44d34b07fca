"""The trail on the standard output: every entry once, whatever happens to who reads it."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command

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


def test_each_entry_is_a_line_and_its_personal_values_stay_at_home() -> None:
    before = Group.objects.create(name="before")
    known = Entry.objects.get(object_table="auth_group", object_id=str(before.pk))
    user = User.objects.create_user(name="Ada", email=CANARY)

    (line,) = once(after=known.pk)
    assert (line["type"], line["object"]) == ("accounts_user.create", {"table": "accounts_user", "id": str(user.pk)})
    assert line["after"]["email"] == "(personal)"
    assert CANARY not in json.dumps(line)


def test_a_cursor_file_goes_on_where_it_was_left(tmp_path: Path) -> None:
    cursor = tmp_path / "cursor"
    assert once(cursor=cursor) == []
    Group.objects.create(name="one")
    assert [line["after"]["name"] for line in once(cursor=cursor)] == ["one"]
    Group.objects.create(name="two")
    assert [line["after"]["name"] for line in once(cursor=cursor)] == ["two"]
    assert once(cursor=cursor) == []


def test_an_unknown_place_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "cursor"
    broken.write_text("{}no")
    with pytest.raises(CommandError, match="is not a place"):
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
def test_a_reader_that_goes_away_ends_it_and_the_cursor_stays_before_what_was_not_read(tmp_path: Path) -> None:
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

    assert said.strip().endswith("Nobody reads the entries any more; the cursor stays before those.")
    assert "Traceback" not in said
    assert cursor.read_text() == noted
    assert [line["after"]["name"] for line in once(cursor=cursor)] == ["unread"]


def test_without_a_subcommand_the_command_says_what_there_is() -> None:
    with pytest.raises(CommandError, match="subcommand"):
        call_command("audit")
