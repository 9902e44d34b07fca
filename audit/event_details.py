"""The subjects of events and the meaning of their details, for docs/events.md and for readers of the trail."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.events import Event
from foundation.declarations import AppEvent

SUBJECTS: Mapping[str, Any] = {
    "account": _("Accounts"),
    "bulk_action": _("Bulk actions"),
    "change": _("Refused changes"),
    "claim_rules": _("Claim rules"),
    "connection": _("Connections"),
    "deferred_task": _("Deferred tasks"),
    "delivery": _("Webhooks"),
    "domain": _("Domains"),
    "email": _("E-mail addresses"),
    "entries": _("The trail itself"),
    "export": _("Exports"),
    "factor": _("Second factors"),
    "identities": _("Sign-in methods"),
    "identity": _("Sign-in methods"),
    "invitation": _("Invitations"),
    "logout_token": _("Signing out"),
    "mailed_code": _("Mailed codes"),
    "mailed_link": _("Mailed links"),
    "memberships": _("Claim rules"),
    "password": _("Local passwords"),
    "person": _("Privacy"),
    "rate_limit": _("Rate limits"),
    "reason": _("Circumstances of changes"),
    "reauthentication": _("Reauthentication"),
    "refused_identity": _("Sign-in methods"),
    "registration": _("Registration"),
    "request": _("Circumstances of changes"),
    "retention": _("The trail itself"),
    "session": _("Sessions"),
    "sign_in": _("Signing in"),
    "sign_out": _("Signing out"),
    "tenant": _("Tenants"),
    "upstream_revocation": _("Tokens of providers"),
    "upstream_tokens": _("Tokens of providers"),
    "used_proof": _("Reauthentication"),
    "value": _("Restored values"),
    "webhook": _("Webhooks"),
}

ISSUER = {"issuer": _("the issuer's address")}
PROVIDER = {"provider": _("the provider, empty for a local password")}
REASON = {"reason": _("why, in a word")}
REFERENCE = {"reference": _("what the person's page shows")}
REFUSED = {**PROVIDER, **REASON, **REFERENCE, "detail": _("what exactly was wrong")}
THROTTLED = {
    "throttled_by": _("what was throttled: the account or the network address"),
    "seconds": _("for how long"),
}
COUNTED = {"count": _("how many"), "finished": _("whether nothing was left for the next run")}
FACTOR = {"kind": _("an app, a passkey, or recovery codes")}
BULK = {"kind": _("which action"), "role": _("the role, where one is given")}
DOMAIN = {"domain": _("which domain")}
PROVED = {"act": _("the act that it was asked for")}
EXPORT = {"model": _("which list"), "format": _("which format"), "columns": _("which columns")}

DETAILS: Mapping[Event, Mapping[str, Any]] = {
    Event.SIGN_IN_SUCCEEDED: {**PROVIDER, "steps": _("by what the person showed that it is them")},
    Event.SIGN_IN_REFUSED: {**REFUSED, **THROTTLED},
    Event.SIGN_IN_CANCELLED: {
        **PROVIDER,
        "session": _("the session that it waited in"),
        "reason": _("what ended it"),
    },
    Event.SIGN_OUT_REFUSED: REFUSED,
    Event.ACCOUNT_ENROLLED: PROVIDER,
    Event.ACCOUNT_CUT_OFF: {
        "deactivated": _("whether the account was deactivated too"),
        "revoked": _("how many of each class were revoked"),
    },
    Event.IDENTITY_LINKED: {**PROVIDER, **ISSUER},
    Event.IDENTITY_UNLINKED: {**PROVIDER, **ISSUER},
    Event.IDENTITIES_MOVED: {
        "from_issuer": _("the issuer that they had"),
        "to_issuer": _("the issuer that they have now"),
        "provider": _("the provider of that issuer"),
        "mapped": _("whether a map gave them new subjects"),
        "identities": _("how many identities"),
        "people": _("of how many people"),
    },
    Event.REFUSED_IDENTITY_LINKED: {
        **PROVIDER,
        **ISSUER,
        "reference": _("what the page of the refusal showed"),
        "mailed": _("whether the account's address was written to"),
    },
    Event.REFUSED_IDENTITY_PURGED: COUNTED,
    Event.UPSTREAM_TOKENS_LOST: {**PROVIDER, "reason": _("what ended them, in a word")},
    Event.UPSTREAM_TOKENS_REFRESH_FAILED: {
        **PROVIDER,
        "reason": _("why it was refused, in a word"),
        "detail": _("more about that, for administrators"),
    },
    Event.UPSTREAM_TOKENS_REVOCATION_FAILED: {
        **PROVIDER,
        "reason": _("what had ended the tokens, in a word"),
        "detail": _("what the last try met, in a word"),
        "tries": _("how often it was tried"),
    },
    Event.UPSTREAM_REVOCATION_PURGED: COUNTED,
    Event.UPSTREAM_TOKENS_PURGED: COUNTED,
    Event.LOGOUT_TOKEN_PURGED: COUNTED,
    Event.IDENTITY_UNLINK_REFUSED: REFUSED,
    Event.CHANGE_REFUSED: {**REASON, "requested_by": _("the account that tried")},
    Event.EMAIL_CHANGE_REFUSED: REASON,
    Event.EMAIL_CHANGE_CANCELLED: {"reason": _("what ended it")},
    Event.RATE_LIMIT_EXCEEDED: {
        "kind": _("of what"),
        "limit": _("how often it may be done in a window"),
        "seconds": _("how long a window is"),
    },
    Event.MEMBERSHIPS_SYNCED: {
        **PROVIDER,
        "given": _("rules that gave a membership"),
        "changed": _("rules that changed one"),
        "withdrawn": _("rules whose membership ended"),
    },
    Event.CLAIM_RULES_SKIPPED: {
        **PROVIDER,
        "claims": _("what could not be read"),
        "rules": _("the rules that looked at it"),
    },
    Event.INVITATION_SENT: {"role": _("the role that is offered")},
    Event.INVITATION_REVOKED: {"replaced": _("whether another one took its place")},
    Event.INVITATION_ACCEPTED: {
        "role": _("the role that the person has now"),
        "is_new_member": _("whether they did not belong to the tenant before"),
    },
    Event.INVITATION_REFUSED: {**REASON, **REFERENCE},
    Event.INVITATION_PURGED: COUNTED,
    Event.DOMAIN_CLAIMED: DOMAIN,
    Event.DOMAIN_CODE_SENT: DOMAIN,
    Event.DOMAIN_CODE_REFUSED: {**DOMAIN, "tries": _("how often this code was tried")},
    Event.DOMAIN_AFFILIATED: DOMAIN,
    Event.DOMAIN_OWNED: DOMAIN,
    Event.DOMAIN_REFUSED: REASON,
    Event.DOMAIN_LAPSE_ANNOUNCED: {**DOMAIN, "lapses_at": _("from when on it can lapse")},
    Event.DOMAIN_LAPSED: DOMAIN,
    Event.DOMAIN_RELEASED: {**DOMAIN, "was_owned": _("whether the tenant owned it")},
    Event.FACTOR_ADDED: FACTOR,
    Event.FACTOR_REMOVED: FACTOR,
    Event.FACTOR_REPLACED: FACTOR,
    Event.FACTOR_RESET: {"kinds": _("which second factors there were")},
    Event.FACTOR_VERIFIED: FACTOR,
    Event.FACTOR_REFUSED: {**REASON, **THROTTLED},
    Event.SESSION_REVOKED: {
        "session": _("which session, by the id that its owner sees"),
        "reason": _("what ended it"),
        "provider": _("the provider that had it ended"),
        "detail": _("what the provider said"),
    },
    Event.TENANT_SWITCH_REFUSED: {
        **REASON,
        **REFERENCE,
        "requested": _("the tenant that was asked for"),
        "path": _("the page"),
    },
    Event.SESSION_PURGED: COUNTED,
    Event.MAILED_LINK_PURGED: COUNTED,
    Event.USED_PROOF_PURGED: COUNTED,
    Event.REAUTHENTICATION_CODE_SENT: PROVED,
    Event.REAUTHENTICATION_CODE_VERIFIED: PROVED,
    Event.REAUTHENTICATION_CODE_REFUSED: {**PROVED, "tries": _("how often this code was tried")},
    Event.REAUTHENTICATION_SIGN_IN_ACCEPTED: PROVED,
    Event.MAILED_CODE_PURGED: COUNTED,
    Event.DEFERRED_TASK_PURGED: COUNTED,
    Event.DEFERRED_TASK_FAILED: {"kind": _("what was to be done"), "tries": _("how often it was tried")},
    Event.EXPORT_STARTED: EXPORT,
    Event.EXPORT_ENDED: {**EXPORT, "rows": _("how many rows went out"), "finished": _("whether those were all")},
    Event.VALUE_RESTORED: {"entry": _("the entry that held the values"), "fields": _("which fields")},
    Event.CONNECTION_TESTED: {
        "provider": _("the connection's short name"),
        "passed": _("whether every check was passed"),
        "reason": _("why not"),
        "detail": _("what exactly was wrong"),
    },
    Event.CONNECTION_SWITCHED_ON: {"provider": _("the connection's short name")},
    Event.CONNECTION_SWITCHED_OFF: {"provider": _("the connection's short name")},
    Event.WEBHOOK_URL_SET: {"host": _("the receiver's host name"), "port": _("its port")},
    Event.DELIVERY_RETRIED: {"entry": _("the entry that its message is about")},
    Event.DELIVERY_DISCARDED: {"entry": _("the entry that its message is about")},
    Event.DELIVERY_FAILED: {
        "entry": _("the entry that its message is about"),
        "tries": _("how often it was tried"),
        "reason": _("what the last try met"),
    },
    Event.WEBHOOK_DISABLED: {
        "failing_since": _("since when it took nothing"),
        "reason": _("what the last try met"),
    },
    Event.PERSON_ERASED: {"entries": _("how many entries lost their personal values")},
    Event.PERSON_ERASURE_REFUSED: REASON,
    Event.ENTRIES_REMOVED: {"months": _("which whole months"), "entries": _("how many entries")},
    Event.RETENTION_MINIMUM_SET: {"before": _("how many days it was before"), "days": _("how many days it is now")},
    Event.BULK_ACTION_STARTED: {**BULK, "people": _("how many people were chosen")},
    Event.BULK_ACTION_ENDED: {
        **BULK,
        "changed": _("how many people were changed"),
        "skipped": _("how many were skipped, by reason"),
        "finished": _("whether it came to its end"),
    },
}


def subject_of(event: Event | AppEvent) -> str:
    """Return the heading for an event in lists. A subject without a label appears under its own name."""
    name = event.value.split(".", maxsplit=1)[0]
    return str(SUBJECTS.get(name, name.replace("_", " ").capitalize()))


def by_subject(events: Iterable[Event | AppEvent]) -> dict[str, list[Event | AppEvent]]:
    groups: dict[str, list[Event | AppEvent]] = {}
    for event in events:
        groups.setdefault(subject_of(event), []).append(event)
    return dict(sorted(groups.items()))


def details_of(event: Event | AppEvent) -> dict[str, str]:
    """Return a description of each detail of an event, by name."""
    details = event.details if isinstance(event, AppEvent) else DETAILS.get(event, {})
    return {name: str(holds) for name, holds in details.items()}
