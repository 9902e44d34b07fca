"""Sealing: seals entries of finished transactions block by block, in the order of (transaction, id) (ADR 14).

All transactions below ``pg_snapshot_xmin`` are finished, so the entries between the last seal and this horizon are
complete. An entry that commits later than its neighbours is still above the horizon, and a later seal includes it.
"""

import json
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from audit.canonical import ENTRY_LINE, SEAL, fetched, read
from audit.sealing.ids import Ids
from audit.sealing.keys import KeyUnknown, NotAuthentic, checked, newest, signed

logger = logging.getLogger(__name__)

LOCK = 0x5E55_10A8  # the key of the advisory lock with which only one job seals at a time
BLOCK = 5000  # the most entries in one seal
NOTHING = "0" * 64  # the previous code of the first seal
BEHIND = f"""
    SELECT id, txid, at, {ENTRY_LINE} FROM audit_entry WHERE (txid, id) > (%s, %s) AND id > %s
"""
FINISHED, PRESENT = (f"{BEHIND} AND {bound} ORDER BY txid, id LIMIT %s" for bound in ("txid < %s", "id <= %s"))
HERE = "SELECT system_identifier, pg_snapshot_xmin(pg_current_snapshot())::text::bigint FROM pg_control_system()"
LAST = f"SELECT {SEAL} FROM audit_seal ORDER BY number DESC LIMIT 1"
CARRIED = "SELECT ids FROM audit_seal WHERE carried AND floor_id = %s"


class SealingStopped(Exception):
    """No seal can be added to the last one; the text says why."""


NONE = Ids(())


@dataclass(frozen=True, kw_only=True)
class SealPosition:
    """How far sealing has come on this server, and the ids that seals outside the order already contain."""

    txid: int = 0
    id: int = 0
    cluster: int
    floor_id: int = 0
    carried: Ids = NONE

    def unsealed(self, query: str, bound: int, many: int) -> Iterator[tuple[int, int, datetime, str]]:
        """Yield the entries after this position as id, transaction, time and line."""
        found = 0
        for row in fetched(query, [self.txid, self.id, self.floor_id, bound, many + len(self.carried)]):
            if row[0] not in self.carried and found < many:
                found += 1
                yield row


def seal(*, seconds: float | None = None) -> int:
    """Seal entries, for ``seconds`` or until none are left, and return their number.

    Returns at once if another job is sealing. A run that is killed leaves only complete seals. Raises SealingStopped.
    """
    deadline = time.monotonic() + seconds if seconds is not None else None
    count = 0
    while deadline is None or time.monotonic() < deadline:
        sealed = _seal_block()
        count += sealed
        if sealed < BLOCK:
            break
    return count


def last_seal() -> dict[str, Any] | None:
    """Return the newest seal as a dictionary, as in its line."""
    found = _one(LAST)
    return read(found[0]) if found else None


def position_after(last: dict[str, Any] | None) -> tuple[SealPosition, int]:
    """Return the position at which sealing continues, and the oldest transaction that is still running."""
    cluster, oldest_running = _one(HERE)
    if last is None:
        return SealPosition(cluster=cluster), oldest_running
    if _is_from_here(last, cluster, oldest_running):
        return _place_after(last), oldest_running
    return SealPosition(cluster=cluster, floor_id=_one("SELECT max(last_id) FROM audit_seal")[0]), oldest_running


def oldest_unsealed() -> datetime | None:
    """Return the time of the oldest entry that waits for a seal."""
    with transaction.atomic():
        place, _oldest_running = position_after(last_seal())
        return next((at for _id, _txid, at, _line in place.unsealed(PRESENT, 2**63 - 1, 1)), None)


def _is_from_here(last: dict[str, Any], cluster: int, oldest_running: int) -> bool:
    return bool(last["cluster"] == cluster and (last["carried"] or last["upto_txid"] <= oldest_running))


def _place_after(last: dict[str, Any]) -> SealPosition:
    place = SealPosition(cluster=last["cluster"], floor_id=last["floor_id"])
    if place.floor_id:
        place = replace(place, carried=_carried(place.floor_id))
    return place if last["carried"] else replace(place, txid=last["upto_txid"], id=last["upto_id"])


def _seal_block() -> int:
    with transaction.atomic():
        if not _one("SELECT pg_try_advisory_xact_lock(%s)", LOCK)[0]:
            return 0
        last = last_seal()
        if last is not None:
            _check_last_seal(last)
            cluster, oldest_running = _one(HERE)
            if not _is_from_here(last, cluster, oldest_running):
                last = _carry_over(last)
        place, oldest_running = position_after(last)
        found = list(_digested(place.unsealed(FINISHED, oldest_running, BLOCK)))
        upto = (oldest_running, 0) if len(found) < BLOCK else (found[-1].txid, found[-1].id)
        return _append(last, place, found, upto=upto)


def _carry_over(last: dict[str, Any]) -> dict[str, Any]:
    """Seal the entries that were not sealed when the database was restored to a server with other transaction numbers.

    They come after the last seal by the transaction numbers of the old server. That range may include some entries of
    the new server, but others will be added to it later. So these seals are outside the order (``carried``). The order
    starts again on the new server and skips the entries that they contain.
    """
    newest_id = _one("SELECT coalesce(max(id), 0) FROM audit_entry")[0]
    place, _oldest_running = position_after(last)
    old = _place_after(last)
    while found := list(_digested(old.unsealed(PRESENT, newest_id, BLOCK))):
        upto = (found[-1].txid, found[-1].id)
        _append(last, place, found, upto=upto, carried=True)
        old = replace(old, txid=upto[0], id=upto[1])
        last = last_seal() or last
    return last


@dataclass(frozen=True)
class _Digested:
    id: int
    txid: int
    at: datetime
    digest: bytes


def _digested(rows: Iterator[tuple[int, int, datetime, str]]) -> Iterator[_Digested]:
    for id_, txid, at, line in rows:
        yield _Digested(id_, txid, at, sha256(line.encode()).digest())


def _append(
    last: dict[str, Any] | None,
    place: SealPosition,
    found: list[_Digested],
    *,
    upto: tuple[int, int],
    carried: bool = False,
) -> int:
    if not found:
        return 0
    by_id = sorted(found, key=lambda entry: entry.id)
    digests = b"".join(entry.digest for entry in by_id)
    values = signed(
        "seal",
        {
            "seal": last["seal"] + 1 if last else 1,
            "sealed_at": format_time(timezone.now()),
            "entries": len(found),
            "ids": str(Ids.of(entry.id for entry in by_id)),
            "first_id": by_id[0].id,
            "last_id": by_id[-1].id,
            "first_at": format_time(min(entry.at for entry in found)),
            "last_at": format_time(max(entry.at for entry in found)),
            "upto_txid": upto[0],
            "upto_id": upto[1],
            "cluster": place.cluster,
            "floor_id": place.floor_id,
            "carried": carried,
            "digest": sha256(digests).hexdigest(),
            "previous": last["mac"] if last else NOTHING,
        },
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT public.audit_append_seal(%s, %s)", [_row(values), digests])
    logger.info("entries up to %s are sealed: seal %s is %s", values["last_id"], values["seal"], values["mac"])
    return len(found)


def _row(values: dict[str, Any]) -> str:
    row = {("number" if name == "seal" else name): value for name, value in values.items()}
    return json.dumps(row | {name: rf"\x{values[name]}" for name in ("digest", "previous", "mac")})


def format_time(at: datetime) -> str:
    """Return a time in the format of the lines."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _check_last_seal(last: dict[str, Any]) -> None:
    """Stop at a seal that is not ours, and if a replaced key would sign: the next seal would be a fault forever."""
    try:
        key = checked("seal", last)
    except KeyUnknown:
        raise SealingStopped(
            f"seal {last['seal']} was made with the key {last['key_id']}, which is not in the configuration"
        ) from None
    except NotAuthentic:
        raise SealingStopped(f"seal {last['seal']} is not authentic") from None
    if key.age and _one("SELECT EXISTS (SELECT FROM audit_seal WHERE key_id = %s)", newest().id)[0]:
        raise SealingStopped(f"the newest key was followed by another one before seal {last['seal']}")


def _carried(floor_id: int) -> Ids:
    with connection.cursor() as cursor:
        cursor.execute(CARRIED, [floor_id])
        return Ids.of(sorted(one for (text,) in cursor.fetchall() for one in Ids.read(text)))


def _one(query: str, *parameters: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters or None)
        return cursor.fetchone()
