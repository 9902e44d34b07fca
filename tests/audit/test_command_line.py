"""The output of `manage.py audit`, and the input that it refuses."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit.sealing import findings
from audit.sealing.seals import seal
from tests.audit.sealed import anything, begin_anew, write
from tests.support.servers import Servers

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _anew(servers: Servers) -> None:
    begin_anew(servers)


def said(*words: str) -> str:
    out = StringIO()
    call_command("audit", *words, stdout=out)
    return out.getvalue()


def named(*words: str) -> list[str]:
    """Return the names of the groups in an export."""
    entries = [line for line in map(json.loads, said("export", *words).splitlines()) if "id" in line]
    return [entry["after"]["name"] for entry in entries if entry["object_table"] == "auth_group"]


def test_seal_prints_how_many_entries_it_sealed_or_why_it_stopped(servers: Servers) -> None:
    written = write()

    assert said("seal") == f"{len(written)} entries were sealed\n"
    with anything(servers) as tamper:
        tamper("UPDATE audit_seal SET mac = sha256('')")
    with pytest.raises(CommandError, match="not authentic"):
        said("seal")


def test_a_trail_without_a_seal_has_no_checkpoint_but_can_be_verified() -> None:
    written = write()

    with pytest.raises(CommandError, match="nothing is sealed yet"):
        said("checkpoint")
    assert said("verify").startswith(f"{len(written)} entries, 0 seals, {len(written)} not sealed since ")


def test_a_file_that_is_not_a_checkpoint_is_refused_with_its_name(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint"
    file.write_text("[]")

    with pytest.raises(CommandError, match="checkpoint: this is not a checkpoint"):
        said("verify", "--checkpoint", str(file))


def test_faults_beyond_the_first_ones_are_counted(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(findings, "MOST", 1)
    ids = write()
    seal()
    with anything(servers) as tamper:
        tamper(f"UPDATE audit_entry SET actor_id = 'x' WHERE id IN ({ids[0]}, {ids[2]}, {ids[4]})")

    with pytest.raises(SystemExit):
        call_command("audit", "verify")
    lines = capsys.readouterr().out.splitlines()
    assert sum(str(ids[0]) in line for line in lines) == 1
    assert lines[-2:] == ["and 2 more", "The trail is not what was sealed."]


def test_an_export_begins_and_ends_at_a_day_or_a_moment() -> None:
    """The limits are accurate to an hour, because the order of ids and of times may differ by so much."""
    Group.objects.create(name="today")
    today, soon = timezone.localtime(), timezone.now() + timedelta(hours=3)
    tomorrow = f"{today + timedelta(days=2):%Y-%m-%d}"

    assert named() == ["today"]
    assert named("--from", f"{today:%Y-%m-%d}", "--to", tomorrow) == ["today"]
    assert named("--from", tomorrow) == []
    assert named("--from", soon.isoformat()) == []
    assert named("--to", f"{soon.astimezone().replace(tzinfo=None):%Y-%m-%dT%H:%M}") == ["today"]


@pytest.mark.parametrize("text", ["tomorrow", "2026-02-31", "2026-02-31T10:00", "10:00"])
def test_an_invalid_time_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match=f"neither a day nor a time: {text}"):
        said("export", "--from", text)


def test_the_minimum_is_printed_and_needs_the_owner_to_be_set(settings: Any) -> None:
    assert said("retention") == "entries are kept for at least 365 days\n"

    settings.DATABASE_OWNER_URL = ""
    with pytest.raises(CommandError, match="DATABASE_OWNER_URL is missing"):
        said("retention", "--days", "30")
    assert said("retention") == "entries are kept for at least 365 days\n"
