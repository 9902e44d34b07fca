"""The schema equals that of the migrations before they were rewritten, except for what is listed here.

This test is kept until the step in which the migrations were rewritten is complete (ADR 44).
"""

import re
from typing import TypeVar

import pytest

from tests.support import schema
from tests.support.elsewhere import elsewhere
from tests.support.servers import Servers

pytestmark = pytest.mark.process

Value = TypeVar("Value")

# Renamed objects, old name and new name, by reason. "table.column" is a column, with the old name of its table, and
# "function.word" a word in a function, with the old name of the function.
RENAMED = {
    "Deferred tasks and webhooks are applications of their own, and their tables are named by them.": {
        "accounts_errand": "jobs_deferredtask",
        "accounts_webhook": "webhooks_webhook",
        "accounts_delivery": "webhooks_delivery",
    },
    "The table of names (tests/words.tsv) has other words for these tables.": {
        "accounts_upstreamend": "accounts_upstreamlogout",
        "providers_heardlogout": "providers_seenlogouttoken",
        "providers_leaving": "providers_upstreamrevocation",
        "audit_personal_address": "audit_personal_ip_address",
        "audit_personal_MONTH__audit_personal_address": "audit_personal_MONTH__audit_personal_ip_address",
        "audit_personal_until_MONTH__audit_personal_address": "audit_personal_until_MONTH__audit_personal_ip_address",
        "audit_personal_without_month__audit_personal_address": (
            "audit_personal_without_month__audit_personal_ip_address"
        ),
        "refusedidentity_address": "refusedidentity_email",
        "session_address": "session_ip_address",
        "user_by_address": "user_by_email",
        "upstream_end_named": "upstream_logout_named",
        "errand_to_be_done": "deferred_task_due",
        "leaving_due": "revocation_due",
        "leaving_expires": "revocation_expires",
    },
    "The same table has other words for these columns.": {
        "accounts_bulkaction.stopped_because": "stop_reason",
        "accounts_cutoff.closed": "deactivated",
        "accounts_mailedlink.ended_because": "expiry_reason",
        "accounts_tenant.remembered_life_days": "remembered_lifetime_days",
        "accounts_tenant.session_life_hours": "session_lifetime_hours",
        "audit_jobrun.trouble": "detail",
        "audit_personal.address": "ip_address",
        "audit_personal_MONTH.address": "ip_address",
        "audit_personal_until_MONTH.address": "ip_address",
        "audit_personal_without_month.address": "ip_address",
        "providers_leaving.because": "reason",
        "providers_leaving.trouble": "detail",
        "providers_upstreamtokens.is_unsure": "is_unverified",
        "providers_upstreamtokens.trouble": "detail",
        "accounts_webhook.switched_off_because": "disabled_reason",
        "accounts_webhook.rest_until": "paused_until",
        "providers_upstreamtokens.rest_until": "paused_until",
        "accounts_mailedlink.address": "email",
        "accounts_mailedlink.canonical_address": "canonical_email",
        "accounts_session.address": "ip_address",
        "accounts_session.follow_at": "revalidate_at",
        "accounts_session.unsure_since": "unverified_since",
        "accounts_session.waiting_ended": "waiting_cancelled",
    },
    "A function's parameters, results and variables have the same words.": {
        "accounts_canonical.address": "email",
        "accounts_folded_address": "accounts_folded_email",
        "accounts_folded_address.address": "email",
        "accounts_mailedlink_canonical_given.canonical_address": "canonical_email",
        "accounts_mailedlink_canonical_kept.address": "email",
        "accounts_mailedlink_canonical_kept.canonical_address": "canonical_email",
        "audit_digest.address": "ip_address",
        "audit_erase.address": "ip_address",
        "audit_erase.addresses": "emails",
        "audit_event.address": "ip_address",
        "audit_is_theirs.addresses": "emails",
        "session_limits.life": "lifetime",
        "session_limits.remembered_life_days": "remembered_lifetime_days",
        "session_limits.session_life_hours": "session_lifetime_hours",
        "session_limits.site_life": "site_lifetime",
        "session_shorten.life": "lifetime",
        "session_shorten.remembered_life_days": "remembered_lifetime_days",
        "session_shorten.session_life_hours": "session_lifetime_hours",
    },
    "What was the floor of the trail is its minimum retention.": {
        "audit_set_floor.trail": "retention",
        "audit_set_floor.floor_set": "minimum_set",
        "audit_floor_pkey": "audit_minimum_pkey",
        "audit_floor_days_check": "audit_minimum_days_check",
        "audit_floor_only_one_check": "audit_minimum_only_one_check",
        "audit_floor": "audit_minimum",
        "audit_floor_days": "audit_minimum_days",
        "audit_set_floor": "audit_set_minimum",
    },
    "PostgreSQL names these by their table and column.": {
        "accounts_upstreamend_pkey": "accounts_upstreamlogout_pkey",
        "accounts_upstreamend_id_seq": "accounts_upstreamlogout_id_seq",
        "providers_heardlogout_pkey": "providers_seenlogouttoken_pkey",
        "accounts_tenant_remembered_life_days_check": "accounts_tenant_remembered_lifetime_days_check",
        "accounts_tenant_session_life_hours_check": "accounts_tenant_session_lifetime_hours_check",
        "providers_leaving_pkey": "providers_upstreamrevocation_pkey",
        "accounts_errand_pkey": "jobs_deferredtask_pkey",
        "accounts_errand_tries_check": "jobs_deferredtask_attempts_check",
        "accounts_webhook_pkey": "webhooks_webhook_pkey",
        "accounts_webhook_failures_check": "webhooks_webhook_failures_check",
        "accounts_delivery_pkey": "webhooks_delivery_pkey",
        "accounts_delivery_attempts_check": "webhooks_delivery_attempts_check",
        "accounts_delivery_id_seq": "webhooks_delivery_id_seq",
        "providers_leaving_tries_check": "providers_upstreamrevocation_attempts_check",
    },
    "The one retry engine has one name for each of these (ADR 45).": {
        "accounts_errand.tries": "attempts",
        "accounts_errand.next_try_at": "next_attempt_at",
        "accounts_delivery.first_tried_at": "created_at",
        "accounts_delivery.next_try_at": "next_attempt_at",
        "providers_leaving.tries": "attempts",
        "providers_leaving.next_try_at": "next_attempt_at",
        "providers_leaving.claimed_until": "leased_until",
    },
    "Django names these by their table and column, and by a digest of both.": {
        "accounts_errand_expires_at_c594e9fc": "jobs_deferredtask_expires_at_2e6c2da8",
        "accounts_upstreamend_expires_at_ddebdb07": "accounts_upstreamlogout_expires_at_507f1fdd",
        "providers_heardlogout_digest_f7e27853_like": "providers_seenlogouttoken_digest_75fc38a0_like",
        "providers_heardlogout_expires_at_c39955b0": "providers_seenlogouttoken_expires_at_11f8cca5",
        "accounts_webhook_created_by_id_3172f000": "webhooks_webhook_created_by_id_c1e90fbe",
        "accounts_webhook_created_by_id_3172f000_fk_accounts_user_id": (
            "webhooks_webhook_created_by_id_c1e90fbe_fk_accounts_user_id"
        ),
        "accounts_webhook_tenant_id_45ed1cf9": "webhooks_webhook_tenant_id_97465aca",
        "accounts_webhook_tenant_id_45ed1cf9_fk_accounts_tenant_id": (
            "webhooks_webhook_tenant_id_97465aca_fk_accounts_tenant_id"
        ),
        "accounts_delivery_tenant_id_b3866dd7": "webhooks_delivery_tenant_id_097b284a",
        "accounts_delivery_tenant_id_b3866dd7_fk_accounts_tenant_id": (
            "webhooks_delivery_tenant_id_097b284a_fk_accounts_tenant_id"
        ),
        "accounts_delivery_webhook_id_9b274ae8": "webhooks_delivery_webhook_id_27345d75",
        "accounts_delivery_webhook_id_9b274ae8_fk_accounts_webhook_id": (
            "webhooks_delivery_webhook_id_27345d75_fk_webhooks_webhook_id"
        ),
    },
}
# Columns that are the first of their table now, "table.column", with the reason.
FIRST = {
    "providers_upstreamtokens.id": "An earlier migration added the key to a table in use; Django creates it first.",
}
# Columns that have a default in the database now, by today's names, with the reason.
DEFAULTS = {
    "The one retry engine's abstract models fill theirs (ADR 45).": {
        "jobs_deferredtask.created_at": "statement_timestamp()",
        "jobs_deferredtask.next_attempt_at": "statement_timestamp()",
        "jobs_deferredtask.attempts": "0",
        "webhooks_delivery.created_at": "statement_timestamp()",
        "webhooks_delivery.next_attempt_at": "statement_timestamp()",
        "webhooks_delivery.attempts": "0",
        "webhooks_webhook.failures": "0",
    },
}
# New columns with their definitions, by the column before them, with the reason.
ADDED = {
    "A worker holds a bulk action by the lease of the one retry engine (ADR 45).": {
        "accounts_bulkaction.moved_at": "leased_until timestamp with time zone,",
    },
}
# What is gone: objects by their former kind and name, whole or the texts that they have lost, with the reason.
REMOVED: dict[str, dict[str, tuple[str, ...]]] = {
    "Only databases from before ADR 44 could have rows under a browser's key (ADR 34).": {
        "INDEX session_under_browsers_key": (),
        "FUNCTION session_enter(text)": (
            """DECLARE
    is_browsers CONSTANT boolean := length(key) = 32;
    digest CONSTANT text := CASE WHEN is_browsers
        THEN left(encode(sha256(decode(key, 'escape')), 'hex'), 40) ELSE key END;
""",
            """digest AND s.expire_date > statement_timestamp();
    IF NOT FOUND AND is_browsers THEN
        SELECT * INTO session FROM public.accounts_session s
        WHERE s.session_key = """,
            """    ELSIF NOT FOUND THEN
        UPDATE public.accounts_session s SET session_key = digest
        WHERE length(s.session_key) = 32 AND s.expire_date > statement_timestamp()
            AND left(encode(sha256(decode(s.session_key, 'escape')), 'hex'), 40) COLLATE "C" = digest;
        SELECT * INTO session FROM public.accounts_session s
        WHERE s.session_key = digest AND s.expire_date > statement_timestamp();
    END IF;
""",
        ),
    },
    "Only code from before ADR 42 opened sessions without their person's not_before.": {
        "FUNCTION accounts_session_not_before()": (),
        "TRIGGER accounts_session note_not_before": (),
    },
    "Only code from before ADR 27 sent the values to erase under this name.": {
        "FUNCTION audit_erase(text, jsonb)": (", 'values'", " - 'values'"),
        "FUNCTION audit_is_theirs(text, jsonb)": (" OR told -> 'values' ? lower(value)",),
    },
    "Only databases from before ADR 44 could have accounts in dispute about an address (ADR 27).": {
        "FUNCTION accounts_leave_dispute()": (),
        "FUNCTION accounts_settle_dispute()": (),
        "INDEX user_address_dispute": (),
        "INDEX user_verified_email_unique": (", COALESCE((address_dispute)::integer, 0)",),
        "TABLE accounts_user": (
            "    address_dispute smallint,\n",
            "    CONSTRAINT accounts_user_address_dispute_check CHECK ((address_dispute >= 0)),\n",
        ),
        "TRIGGER accounts_user audit_create": ('"address_dispute",',),
        "TRIGGER accounts_user audit_delete": ('"address_dispute",',),
        "TRIGGER accounts_user audit_update": ('"address_dispute",',),
        "TRIGGER accounts_user leave_dispute": (),
        "TRIGGER accounts_user settle_dispute": (),
        "TRIGGER accounts_user settle_dispute_of_deleted": (),
    },
}


def test_the_schema_differs_only_by_what_is_listed(servers: Servers) -> None:
    before = kept(schema.written())
    with elsewhere(servers) as database:
        found = schema.of(database, servers)

    expected = {added(filled(renamed(first(piece)))) for piece in before}
    assert sorted(expected - found) == []
    assert sorted(found - expected) == []


def test_everything_listed_is_in_the_former_schema() -> None:
    before = schema.written()
    words = {word for piece in before for word in re.findall(r"\w+", piece)}

    assert [name for name in names() if not set(name.split(".")) <= words] == []
    assert [name for name in FIRST if not any(first(piece) != piece for piece in before if _is_of(name, piece))] == []
    of_whom = {_heading(piece): piece for piece in before}
    lost = [(name, text) for name, texts in _all(REMOVED).items() for text in texts or ("",)]
    assert [(name, text) for name, text in lost if text not in of_whom[name]] == []


def names() -> dict[str, str]:
    return _all(RENAMED)


def kept(before: set[str]) -> set[str]:
    """Leave out what is gone."""
    removed = _all(REMOVED)
    whole = {name for name, texts in removed.items() if not texts}
    return {_without(removed.get(name, ()), piece) for piece in before if (name := _heading(piece)) not in whole}


def renamed(piece: str) -> str:
    """Apply today's names to an object. Names of columns are applied only to objects of their table."""
    columns = {name.partition(".")[2]: new for name, new in names().items() if "." in name and _is_of(name, piece)}
    today = names() | columns
    return in_order(re.sub(r"\w+", lambda word: today.get(word[0], word[0]), piece))


def in_order(piece: str) -> str:
    """Sort the column arguments of a trigger alphabetically, as they are declared."""
    if not piece.startswith("-- TRIGGER "):
        return piece
    return re.sub(r"(?<='\{)\"[\w,\"]+(?=\}')", lambda names: ",".join(sorted(names[0].split(","))), piece)


def first(piece: str) -> str:
    """Move the columns that are first today before all others."""
    for name in FIRST:
        column = name.partition(".")[2]
        if _is_of(name, piece):
            piece = re.sub(rf"( \(\n)(.+\n)(    {column} [^\n]+\n)", r"\1\3\2", piece, count=1, flags=re.DOTALL)
    return piece


def filled(piece: str) -> str:
    """Add today's defaults to columns."""
    for name, default in _all(DEFAULTS).items():
        if _is_of(name, piece):
            column = name.partition(".")[2]
            piece = re.sub(rf"(    {column} [a-z ]+?)( NOT NULL)?,\n", rf"\1 DEFAULT {default}\2,\n", piece)
    return piece


def added(piece: str) -> str:
    """Add the new columns after those that they follow."""
    for name, column in _all(ADDED).items():
        if _is_of(name, piece):
            piece = re.sub(rf"(    {name.partition('.')[2]} [^\n]+\n)", rf"\1    {column}\n", piece, count=1)
    return piece


def _all(by_reason: dict[str, dict[str, Value]]) -> dict[str, Value]:
    return {name: value for listed in by_reason.values() for name, value in listed.items()}


def _heading(piece: str) -> str:
    return piece.partition("\n")[0].removeprefix("-- ")


def _without(texts: tuple[str, ...], piece: str) -> str:
    for text in texts:
        piece = piece.replace(text, "")
    return piece


def _is_of(name: str, piece: str) -> bool:
    """Whether an object belongs to a column's table, or is the function of a word."""
    of = name.partition(".")[0]
    if piece.startswith("-- FUNCTION "):
        return piece.startswith(f"-- FUNCTION {of}(")
    return bool(re.search(rf"\bpublic\.{of}\b", piece))
