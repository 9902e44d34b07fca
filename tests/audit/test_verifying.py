"""Verification finds what an attacker with all rights on the database does to the trail, and where."""

import json
from collections.abc import Generator, Iterator
from io import StringIO
from pathlib import Path
from queue import Full, Queue
from threading import Event
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from audit import canonical
from audit.models import Seal
from audit.sealing import checkpoints, verification
from audit.sealing.findings import FindingKind
from audit.sealing.prefetch import prefetch
from audit.sealing.seals import SealingStopped, last_seal, seal
from audit.sealing.verification import Verification
from tests.audit.sealed import Tamper, anything, begin_anew, newest, told, verify, write
from tests.support.servers import Servers

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _anew(servers: Servers) -> None:
    begin_anew(servers)


OTHER_KEY = b"\x07" * 16 + bytes(range(16))


@pytest.fixture
def tamper(servers: Servers) -> Iterator[Tamper]:
    with anything(servers) as tamper:
        yield tamper


@pytest.fixture
def ids() -> list[int]:
    """Make three seals of five entries: three changes, an account and an event, the latter two with personal values."""
    found = []
    for _ in range(3):
        found += write()
        seal()
    return found


@pytest.mark.promise(75)
def test_an_unchanged_trail_is_clean(ids: list[int]) -> None:
    findings = verify()

    assert told(findings) == []
    assert (findings.entries, findings.seals, findings.unsealed) == (15, 3, 0)


EDITS = [
    "actor_id = 'somebody else'",
    "at = at + interval '1 microsecond'",
    "txid = txid + 1",
    "tenant_id = 'another'",
    "reason = ''",
    "before = 'null'",
    """details = '{"provider": "google"}'""",
    "request_id = gen_random_uuid()",
    "personal_digest = sha256('')",
    "source = 'event'",
]


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.promise(75)
def test_an_edited_entry_is_named(edit: str, ids: list[int], tamper: Tamper) -> None:
    tamper(f"UPDATE audit_entry SET {edit} WHERE id = {ids[6]}")

    assert told(verify()) == [(FindingKind.EDITED, ids[6], ids[6])]


@pytest.mark.promise(75)
def test_edited_neighbours_are_one_fault(ids: list[int], tamper: Tamper) -> None:
    tamper(f"UPDATE audit_entry SET actor_id = 'x' WHERE id BETWEEN {ids[1]} AND {ids[7]}")

    (fault,) = verify().faults
    assert (fault.kind, fault.first_id, fault.last_id, fault.count) == (FindingKind.EDITED, ids[1], ids[7], 7)
    assert fault.first_at < fault.last_at


@pytest.mark.parametrize(("first", "last"), [(6, 6), (0, 0), (14, 14), (3, 11), (0, 14), (10, 14)])
@pytest.mark.promise(75)
def test_deleted_entries_are_named(first: int, last: int, ids: list[int], tamper: Tamper) -> None:
    if first + 2 < last or last % 5 > 2:
        tamper(f"DELETE FROM audit_personal WHERE entry_id BETWEEN {ids[first]} AND {ids[last]}")
    tamper(f"DELETE FROM audit_entry WHERE id BETWEEN {ids[first]} AND {ids[last]}")

    (fault,) = verify().faults
    assert (fault.kind, fault.first_id, fault.last_id) == (FindingKind.DELETED, ids[first], ids[last])
    assert fault.first_at.startswith("20")


@pytest.mark.promise(75)
def test_two_entries_that_changed_places_are_named(ids: list[int], tamper: Tamper) -> None:
    one, other = ids[5], ids[6]
    tamper(f"UPDATE audit_entry SET id = -1 WHERE id = {one}")
    tamper(f"UPDATE audit_entry SET id = {one} WHERE id = {other}")
    tamper(f"UPDATE audit_entry SET id = {other} WHERE id = -1")

    assert told(verify()) == [(FindingKind.EDITED, one, other)]


@pytest.mark.promise(75)
def test_an_entry_put_between_the_others_is_named(ids: list[int], tamper: Tamper) -> None:
    copied = "at, txid, source, action, actor_kind, actor_id, object_table, object_id"
    tamper(f"DELETE FROM audit_entry WHERE id = {ids[7]}")
    tamper(f"INSERT INTO audit_entry (id, {copied}) SELECT {ids[7]}, {copied} FROM audit_entry WHERE id = {ids[6]}")
    assert told(verify()) == [(FindingKind.EDITED, ids[7], ids[7])]


@pytest.mark.usefixtures("ids")
@pytest.mark.promise(75)
def test_an_entry_put_where_none_was_is_named(tamper: Tamper) -> None:
    gap = newest() + 1000
    copied = "at, txid, source, action, actor_kind, actor_id, object_table, object_id"
    tamper(f"INSERT INTO audit_entry (id, {copied}) SELECT {gap}, {copied} FROM audit_entry WHERE id = {newest()}")

    assert told(verify()) == [(FindingKind.INSERTED, gap, gap)]
    seal()
    assert told(verify()) == [(FindingKind.INSERTED, gap, gap)]


@pytest.mark.promise(75)
def test_an_id_that_occurs_twice_is_named(ids: list[int], tamper: Tamper) -> None:
    copied = "id, txid, source, action, actor_kind, actor_id, object_table, object_id"
    tamper(
        f"INSERT INTO audit_entry ({copied}, at) SELECT {copied}, at + interval '1 s' FROM audit_entry "
        f"WHERE id = {ids[6]}"
    )

    assert told(verify()) == [(FindingKind.REORDERED, ids[6], ids[6])]


@pytest.mark.parametrize("value", ["after = '{}'", "salt = gen_random_uuid()", "ip_address = '192.0.2.8'"])
@pytest.mark.promise(75)
def test_edited_personal_values_are_named(value: str, ids: list[int], tamper: Tamper) -> None:
    tamper(f"UPDATE audit_personal SET {value} WHERE entry_id = {ids[9]}")

    assert told(verify()) == [(FindingKind.PERSONAL, ids[9], ids[9])]


@pytest.mark.promise(75)
def test_personal_values_may_be_erased_and_their_digest_may_not(ids: list[int], tamper: Tamper) -> None:
    tamper(f"DELETE FROM audit_personal WHERE entry_id = {ids[9]}")
    assert verify().is_clean

    tamper(f"UPDATE audit_entry SET personal_digest = NULL WHERE id = {ids[9]}")
    assert told(verify()) == [(FindingKind.EDITED, ids[9], ids[9])]


@pytest.mark.parametrize(
    "edit",
    ["digest = sha256('')", "entries = 4", "upto_id = upto_id + 1", "sealed_at = now()", "last_at = now()",
     "previous = sha256('')", "mac = sha256('')", "floor_id = 1"],
)  # fmt: skip
@pytest.mark.promise(75)
def test_an_edited_seal_is_named(edit: str, ids: list[int], tamper: Tamper) -> None:
    tamper(f"UPDATE audit_seal SET {edit} WHERE number = 2")

    faults = told(verify())
    assert (FindingKind.SEAL, ids[5], ids[9]) in faults
    assert {kind for kind, _first, _last in faults} <= {FindingKind.SEAL, FindingKind.CHAIN}


@pytest.mark.usefixtures("ids")
@pytest.mark.promise(75)
def test_a_first_seal_that_follows_another_is_reported(tamper: Tamper) -> None:
    """For example, the beginning was cut off and the remaining seals were renumbered."""
    tamper("UPDATE audit_seal SET previous = mac WHERE number = 1")

    assert "seal 1 does not start the chain" in [fault.detail for fault in verify().faults]


@pytest.mark.promise(75)
def test_an_entry_that_two_seals_claim_is_named(ids: list[int], tamper: Tamper) -> None:
    tamper(f"UPDATE audit_seal SET first_id = {ids[4]}, ids = '{ids[4]}-{ids[9]}' WHERE number = 2")

    assert told(verify()) == [(FindingKind.SEAL, ids[4], ids[9]), (FindingKind.REORDERED, ids[4], ids[4])]


@pytest.mark.promise(75)
def test_edited_digests_of_a_seal_are_named(ids: list[int], tamper: Tamper) -> None:
    tamper("UPDATE audit_seal_digests SET digests = digests || sha256('') WHERE number = 2")

    assert told(verify()) == [(FindingKind.SEAL, ids[5], ids[9])]


@pytest.mark.promise(75)
def test_missing_digests_make_their_entries_doubtful(ids: list[int], tamper: Tamper) -> None:
    tamper("DELETE FROM audit_seal_digests WHERE number = 2")

    assert told(verify()) == [(FindingKind.EDITED, ids[5], ids[9])]


@pytest.mark.promise(75)
def test_a_missing_seal_is_found_and_its_entries_are_in_none(ids: list[int], tamper: Tamper) -> None:
    tamper("DELETE FROM audit_seal WHERE number = 2")

    assert told(verify()) == [(FindingKind.CHAIN, 0, ids[14]), (FindingKind.INSERTED, ids[5], ids[9])]


@pytest.mark.promise(75)
def test_a_chain_that_was_rebuilt_with_another_key_is_found(ids: list[int], tamper: Tamper, settings: Any) -> None:
    tamper("DELETE FROM audit_seal")
    tamper("DELETE FROM audit_seal_digests")
    tamper("UPDATE audit_entry SET actor_id = 'somebody else'")
    settings.SECRET_KEY, ours = "a guess" * 10, settings.SECRET_KEY
    seal()
    assert verify().is_clean
    settings.SECRET_KEY = ours

    findings = verify()
    assert (FindingKind.SEAL, ids[0], ids[14]) in told(findings)
    assert "is not one of ours" in findings.faults[0].detail


@pytest.mark.promise(75)
def test_a_cut_off_end_is_found_against_a_checkpoint(ids: list[int], tamper: Tamper, tmp_path: Path) -> None:
    kept = checkpoints.read(checkpoints.make())
    assert verify(checkpoint=kept).is_clean
    tamper(f"DELETE FROM audit_personal WHERE entry_id > {ids[9]}")
    tamper(f"DELETE FROM audit_entry WHERE id > {ids[9]}")
    tamper("DELETE FROM audit_seal WHERE number = 3")

    assert verify().is_clean  # nothing here can tell
    assert told(verify(checkpoint=kept)) == [(FindingKind.CUT, ids[9], ids[14])]


@pytest.mark.usefixtures("ids")
@pytest.mark.promise(75)
def test_a_chain_that_differs_from_the_checkpoint_is_found(tamper: Tamper) -> None:
    kept = checkpoints.read(checkpoints.make())
    tamper("DELETE FROM audit_seal WHERE number = 3")
    tamper("DELETE FROM audit_seal_digests WHERE number = 3")
    seal()

    assert verify().is_clean
    (fault,) = verify(checkpoint=kept).faults
    assert fault.kind is FindingKind.CHAIN


@pytest.mark.usefixtures("ids")
@pytest.mark.promise(75)
def test_a_forged_checkpoint_is_refused() -> None:
    forged = json.loads(checkpoints.make()) | {"number": 1}

    with pytest.raises(checkpoints.CheckpointRefused):
        checkpoints.read(json.dumps(forged))
    with pytest.raises(checkpoints.CheckpointRefused):
        checkpoints.read("[]")


@pytest.mark.promise(75)
def test_the_unsealed_tail_is_no_fault_but_a_stopped_sealing_job_is_one(ids: list[int], tamper: Tamper) -> None:
    fresh = write()
    findings = verify()
    assert findings.is_clean
    assert findings.unsealed == len(fresh)

    tamper(f"UPDATE audit_entry SET at = at - interval '11 minutes' WHERE id = {fresh[0]}")
    (fault,) = verify().faults
    assert (fault.kind, fault.first_id) == (FindingKind.UNSEALED, fresh[0])


@pytest.mark.usefixtures("ids")
@pytest.mark.promise(75)
def test_a_long_tail_is_counted_whole_and_judged_by_its_oldest(tamper: Tamper, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of unsealed entries in memory is bounded. A stopped sealing job shows by those that waited longest."""
    monkeypatch.setattr(verification, "WAITING", 1)
    fresh = write()
    tamper(f"UPDATE audit_entry SET at = at - interval '11 minutes' WHERE id IN ({fresh[0]}, {fresh[3]})")

    findings = verify()
    assert told(findings) == [(FindingKind.UNSEALED, fresh[0], fresh[0])]
    assert findings.unsealed == len(fresh)


@pytest.mark.usefixtures("ids")
@pytest.mark.promise(75)
def test_the_command_names_what_it_finds_and_ends_with_status_1(tamper: Tamper, tmp_path: Path) -> None:
    assert "The trail is what was sealed." in _run("verify")
    tamper(f"UPDATE audit_entry SET actor_id = 'x' WHERE id = {newest()}")

    with pytest.raises(SystemExit) as ended:
        _run("verify")
    assert ended.value.code == 1


@pytest.mark.promise(75)
def test_an_export_is_verified_without_the_database(ids: list[int], tmp_path: Path) -> None:
    file = tmp_path / "trail.jsonl"
    file.write_text(_run("export", "--personal"))
    checkpoint = tmp_path / "checkpoint.json"
    checkpoint.write_text(_run("checkpoint"))
    assert "15 entries, 3 seals" in _run("verify", "--file", str(file), "--checkpoint", str(checkpoint))

    told_lines = file.read_text().splitlines()
    for broken, kind in [
        (_without(told_lines, ids[7]), FindingKind.DELETED),
        (_swapped(told_lines, ids[6], ids[7]), FindingKind.REORDERED),
        ([line.replace("ada@", "eve@") for line in told_lines], FindingKind.PERSONAL),
        (told_lines[1:], FindingKind.UNREADABLE),
        ([*told_lines, "{}"], FindingKind.UNREADABLE),
        ([*told_lines, '{"id":null,"at":""}'], FindingKind.UNREADABLE),
        ([line for line in told_lines if not line.startswith('{"seal" : 3')], FindingKind.CUT),
    ]:
        findings = Verification().read(iter(broken))
        assert kind in [fault.kind for fault in findings.faults]
    file.write_text("\n".join(_without(told_lines, ids[7])))
    with pytest.raises(SystemExit):
        _run("verify", "--file", str(file))


@pytest.mark.promise(75)
def test_a_part_of_the_trail_is_verified_by_itself(ids: list[int], tamper: Tamper) -> None:
    part = canonical.Window(first_id=ids[3], last_id=ids[11])
    assert Verification().read(canonical.stream(part, personal=False)).is_clean

    tamper(f"UPDATE audit_entry SET actor_id = 'x' WHERE id IN ({ids[4]}, {ids[1]})")
    tamper(f"DELETE FROM audit_entry WHERE id IN ({ids[10]}, {ids[12]})")
    findings = Verification().read(canonical.stream(part, personal=False))
    assert told(findings) == [(FindingKind.EDITED, ids[4], ids[4]), (FindingKind.DELETED, ids[10], ids[10])]


@pytest.mark.promise(75)
def test_a_part_of_the_trail_cannot_reach_a_checkpoint_that_lies_beyond_it(ids: list[int]) -> None:
    kept = checkpoints.read(checkpoints.make())
    part = canonical.Window(last_id=ids[4])

    findings = Verification(checkpoint=kept).read(canonical.stream(part, personal=False))
    assert findings.is_clean
    assert findings.notes == ["the checkpoint lies beyond this export"]


@pytest.mark.promise(75)
def test_prefetched_lines_are_the_same(ids: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.sealing.prefetch.BATCH", 2)
    plain = list(canonical.stream(personal=True))
    fetched = prefetch(lambda: canonical.stream(personal=True))

    assert list(fetched)[1:] == plain[1:]  # the header says when it was
    half = prefetch(lambda: canonical.stream(personal=True))
    assert next(half).startswith('{"export"')
    half.close()

    def broken() -> Generator[str, None, None]:
        yield plain[0]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(prefetch(broken))


@pytest.mark.usefixtures("ids")
@pytest.mark.promise(75)
def test_a_slow_reader_delays_prefetching_and_misses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.sealing.prefetch.BATCH", 1)
    is_full = Event()

    class Small(Queue[Any]):
        def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:  # noqa: FBT001, FBT002
            try:
                super().put(item, block, timeout)
            except Full:
                is_full.set()
                raise

    monkeypatch.setattr("audit.sealing.prefetch.Queue", Small)
    plain = list(canonical.stream(personal=True))
    fetched = prefetch(lambda: canonical.stream(personal=True))

    assert next(fetched).startswith('{"export"')
    assert is_full.wait(timeout=30)
    assert list(fetched) == plain[1:]


@pytest.mark.promise(75)
def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    for option in ("--file", "--checkpoint"):
        with pytest.raises(CommandError, match="No such file"):
            _run("verify", option, str(tmp_path / "nowhere"))


@pytest.mark.usefixtures("ids")
@pytest.mark.promise(75)
def test_sealing_stops_at_a_seal_that_is_not_ours(tamper: Tamper, settings: Any) -> None:
    write()
    settings.AUDIT_SEALING_KEYS = [OTHER_KEY]
    assert seal() == 5
    settings.AUDIT_SEALING_KEYS = []
    write()
    with pytest.raises(SealingStopped, match="not in the configuration"):
        seal()
    settings.AUDIT_SEALING_KEYS = [OTHER_KEY]
    assert verify().is_clean
    tamper("UPDATE audit_seal SET entries = 1 WHERE number = 4")
    with pytest.raises(SealingStopped, match="not authentic"):
        seal()


@pytest.mark.usefixtures("ids")
@pytest.mark.promise(75)
def test_an_older_key_does_not_seal_after_a_newer_one(settings: Any) -> None:
    settings.AUDIT_SEALING_KEYS = [OTHER_KEY]
    write()
    seal()
    settings.AUDIT_SEALING_KEYS = [bytes(range(32)), OTHER_KEY]
    write()
    seal()
    assert verify().is_clean

    settings.AUDIT_SEALING_KEYS = [OTHER_KEY, bytes(range(32))]
    (fault,) = verify().faults
    assert "older key" in fault.detail
    write()
    with pytest.raises(SealingStopped, match="followed by another"):
        seal()


@pytest.mark.promise(75)
def test_a_seal_names_no_value(ids: list[int]) -> None:
    last = last_seal()
    assert last is not None
    assert last["ids"] == f"{ids[10]}-{ids[14]}"
    assert Seal.objects.count() == 3


def _run(*words: str) -> str:
    out = StringIO()
    call_command("audit", *words, stdout=out)
    return out.getvalue()


def _without(found: list[str], id_: int) -> list[str]:
    return [line for line in found if not line.startswith(f'{{"id":{id_},')]


def _swapped(found: list[str], one: int, other: int) -> list[str]:
    places = {id_: next(n for n, line in enumerate(found) if line.startswith(f'{{"id":{id_},')) for id_ in (one, other)}
    found = list(found)
    found[places[one]], found[places[other]] = found[places[other]], found[places[one]]
    return found
